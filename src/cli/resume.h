/* The records of an earlier part of a survey: which targets have one already. A record is there or
 * not, so that whatever kills a survey, no target is told twice and none is left out: the file of
 * the records is itself what tells how far it has come. */
#ifndef TCPSHAKE_CLI_RESUME_H
#define TCPSHAKE_CLI_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

struct resume {
    uint64_t *done; /* a bit for each session */
    uint64_t cap;   /* sessions there is room for */
    uint64_t last;  /* the highest that is done; 0: none */
    uint64_t count;
    bool begun; /* there was a record of the run: then */
    uint64_t seed;
    char identity[512]; /* what the survey was of: its `target` */
};

/* Reads `file`, which need not exist, and cuts off a last line that is torn. Refuses a file that is
 * no survey's, with a line. Release with resume_done, also after a failure. */
enum status resume_read(struct resume *r, const char *file, struct fault *fault);
void resume_done(struct resume *r);

/* Whether this session has a record. */
bool resume_has(const struct resume *r, uint64_t session);

#endif
