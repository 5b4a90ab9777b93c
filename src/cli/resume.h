/* The records of an earlier part of a survey: which targets have one already. A record is there or
 * not, so that whatever kills a survey, no target is told twice and none is left out: the file of
 * the records is itself what tells how far it has come.
 *
 * Sessions are places in the list, so they mean something only as long as the list is the same. For
 * every 64 of them a sum over their targets is kept, from which each is taken when the list comes
 * to it: what does not come out at nothing was another list's. Two bits a session, whatever order
 * the names among the targets come in. */
#ifndef TCPSHAKE_CLI_RESUME_H
#define TCPSHAKE_CLI_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "wire/address.h"

struct resume_part; /* 65 536 sessions */

struct resume {
    struct resume_part **parts; /* NULL where none is done */
    size_t part_count;
    uint64_t left;  /* that have a record, and that the list has not come to */
    bool agreed;    /* 64 sessions' worth of records were the list's */
    bool begun;     /* there was a record of the run: then */
    uint64_t seed;  /* its own */
    char *identity; /* what the survey was of: its `target` */
    uint64_t whole; /* octets of whole lines */
    bool torn;      /* there are more */
    int fd;         /* of the file, locked: more can be appended; -1: there is none */
};

enum resume_answer {
    RESUME_TO_DO,
    RESUME_DONE, /* it has a record */
    RESUME_OTHER /* it has one, or one of its neighbours, that is of another target */
};

/* Opens `file`, makes it if it does not exist, locks it, and reads it: what is read cannot change
 * until resume_done, and is not changed here. Refuses one that is no survey's, or that another run
 * has, with a line. Release with resume_done, also after a failure. */
enum status resume_open(struct resume *r, const char *file, struct fault *fault);
/* One line of it, without its end or with it. STATUS_MALFORMED with the reason, STATUS_NO_MEMORY.
 */
enum status resume_line(struct resume *r, const char *line, size_t n, struct fault *fault);
void resume_done(struct resume *r);

/* Cuts off a last line that is torn, so that others can follow. */
enum status resume_cut(const struct resume *r, struct fault *fault);

/* The list has come to this one, once for each session; `name` is NULL where the list has the
 * address. */
enum resume_answer resume_pass(struct resume *r, uint64_t session, const struct endpoint *at,
                               const char *name);

#endif
