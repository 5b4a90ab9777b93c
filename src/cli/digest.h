/* What the records of a survey come to: counted line by line, in memory that does not grow with
 * the number of targets. What the tables cannot hold is counted as left out. */
#ifndef TCPSHAKE_CLI_DIGEST_H
#define TCPSHAKE_CLI_DIGEST_H

#include "base/histogram.h"
#include "base/text.h"
#include "cli/signature.h"

enum {
    DIGEST_WORST = 10,
    /* Sessions below this are looked at for a second record; a bit each, 16 MB at most, of
     * which only the leaves that are needed exist. */
    DIGEST_SESSIONS = 1 << 27,
    DIGEST_LEAF = 1 << 16, /* bits */
};

struct digest_worst {
    char target[72];
    uint64_t session;
    enum observation_outcome outcome;
    uint64_t syns, segments_back, octets_back;
};

struct digest {
    uint64_t targets;
    uint64_t outcomes[OBSERVATION_OUTCOMES];
    struct histogram rtt;

    uint64_t listened; /* targets whose SYN-ACKs were waited for */
    uint64_t ends[OBSERVATION_ENDS];
    uint64_t incomplete; /* of them: the series may have lost something */
    struct signatures schedules;

    uint64_t counted; /* targets that say what came back; the sums are theirs */
    uint64_t syns, segments_back, octets_back;
    struct digest_worst worst[DIGEST_WORST]; /* the most octets a SYN first */
    size_t worst_count;

    uint64_t files, refused; /* lines that are no records */
    uint64_t others;         /* records of other kinds */
    uint64_t doubles;        /* records of a session that had one; not counted above */
    uint64_t unchecked;      /* sessions too high to be looked at for that, or no memory for it */
    uint64_t unended;        /* files with a survey that has no summary */
    bool mixed;              /* several seeds: a session number says nothing across them */

    bool running, has_seed;
    int64_t seed;
    uint64_t *seen[DIGEST_SESSIONS / DIGEST_LEAF]; /* a bit a session */
};

/* NULL when memory ran out. */
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* The lines of another file follow. */
void digest_file(struct digest *d);
/* Takes one line, without its line feed. STATUS_OK when it was a record, counted or not;
 * STATUS_MALFORMED when it is none, and STATUS_NOT_OURS when its session had a record already,
 * each with the reason for people in `fault`. */
enum status digest_line(struct digest *d, const char *line, size_t n, struct fault *fault);
/* A line was refused before it came to digest_line: it is too long, or is not ended. */
void digest_refuse(struct digest *d);
/* No more comes: sorts the tables. Returns false if there was no record at all. */
bool digest_end(struct digest *d);

/* The digest for people, at most 80 columns wide, appended to `out`. */
void digest_text(const struct digest *d, struct text *out);
/* The digest as a record of type "summary", a line, appended to `out`. */
void digest_json(const struct digest *d, struct text *out);

#endif
