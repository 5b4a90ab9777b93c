/* What the records of a survey come to (`tcpshake survey --summarise`): counted line by line, in
 * memory that does not grow with the number of targets. What the tables cannot hold is counted as
 * left out. A line may have come from anywhere, so all of it is checked. */
#ifndef TCPSHAKE_CLI_DIGEST_H
#define TCPSHAKE_CLI_DIGEST_H

#include <jansson.h>

#include "base/fault.h"
#include "base/histogram.h"
#include "base/text.h"
#include "talk/facts.h"
#include "tcp/schedule.h"

#define DIGEST_OUTCOMES (OUTCOME_INTERRUPTED + 1) /* the first, OUTCOME_NONE, has the same word */
#define DIGEST_ENDS     (SCHEDULE_TRUNCATED + 1)

enum {
    DIGEST_WORST = 10,
    /* Sessions below this are looked at for a second record; a bit each, 16 MB at most, of
     * which only the leaves that are needed exist. */
    DIGEST_SESSIONS = 1 << 27,
    DIGEST_LEAF = 1 << 16, /* bits */
    SIGNATURE_ROWS = 256,
    SIGNATURE_TEXT_MAX = 96,
    SIGNATURE_HOSTS = 5, /* that --outliers names of a schedule */
    DIGEST_TARGET_MAX = 72,
};

/* --- One result record --- */

/* Strings and `gaps` belong to the record. */
struct observation {
    uint64_t session;
    const char *target;
    enum outcome outcome;
    int64_t rtt_ns; /* -1: none */

    bool counted; /* the three that follow are in the record */
    uint64_t syns, segments_back, octets_back;

    bool listened; /* for SYN-ACKs that come again: the rest is in the record */
    enum schedule_end end;
    uint64_t retransmissions;
    const json_t *gaps; /* numbers, us */
    bool modelled;
    struct schedule_model model;
    const char *stack; /* the nearest; NULL: none */
    double distance;
    bool stack_fits;
    bool stack_explains; /* nothing missing, though it may be set to another number */
    uint64_t usually;    /* how often that stack tries by default; 0: the record does not say */
    uint64_t alike;      /* stacks that are as near */
    bool incomplete;     /* the record has a reason why the series may have lost something */
};

/* Reads a record of type "result" as doc/tcpshake.schema.json has it. STATUS_MALFORMED with the
 * reason when it is none that a survey writes; the reason holds nothing of the record's own text.
 */
enum status observation_read(struct observation *o, const json_t *record, struct fault *fault);

/* --- Schedules that are the same, counted together --- */

/* Those that have the timing of the same known stack, and otherwise those whose model, rounded to
 * about the tolerance of a gap, are the same; and whose count and end are equal. */
struct signature {
    uint64_t targets;
    uint64_t incomplete; /* of them: the series may have lost something */
    uint64_t retransmissions;
    enum schedule_end end;
    /* Of those that a geometric series fits: how many, and sums over them. */
    uint64_t modelled, factored, capped;
    double first_s, factor, cap_s;
    char gaps[48];  /* of the first target, rounded: "0.8 0.4 0.4 ..." */
    char stack[80]; /* the nearest, of the target that was the least distant; "" for none */
    double distance;
    bool fits;                                      /* the stack does: gaps, count and end */
    bool explains;                                  /* its gaps do */
    uint64_t usually, alike;                        /* as in the observation */
    char hosts[SIGNATURE_HOSTS][DIGEST_TARGET_MAX]; /* the first targets */
    char key[SIGNATURE_TEXT_MAX];                   /* equal for what is the same */
};

/* Zeroed at first. */
struct signatures {
    struct signature rows[SIGNATURE_ROWS]; /* about 170 kB */
    size_t count;
    uint64_t left_out; /* targets whose schedule found no row any more */
};

/* Counts an observation that has `listened`. */
void signature_count(struct signatures *t, const struct observation *o);
/* The most frequent first. */
void signature_sort(struct signatures *t);
/* Whether it is one target's alone, or those of a hundredth at most of all `listened`. */
bool signature_is_rare(const struct signature *s, uint64_t listened);
/* How many of its targets are known by name. */
size_t signature_hosts(const struct signature *s);
/* "1.0 s x 2.0, 5 times, silence": first gap and factor are rounded means. Returns `out`. */
char *signature_format(const struct signature *s, char out[SIGNATURE_TEXT_MAX]);
/* A number of seconds as a signature has it: "1.0", "0.25", "16". Returns `out`. */
char *signature_number(double v, char *out, size_t cap);

/* --- All of them --- */

struct digest_worst {
    char target[DIGEST_TARGET_MAX];
    uint64_t session;
    enum outcome outcome;
    uint64_t syns, segments_back, octets_back;
};

struct digest {
    uint64_t targets;
    uint64_t outcomes[DIGEST_OUTCOMES];
    struct histogram rtt;

    uint64_t listened; /* targets whose SYN-ACKs were waited for */
    uint64_t ends[DIGEST_ENDS];
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
    bool outliers;           /* the targets of rare schedules are to be named */

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
/* No more comes: sorts the tables. Returns false if there was no record at all. */
bool digest_end(struct digest *d);

/* For people, at most 80 columns wide, appended to `out`. */
void digest_text(const struct digest *d, struct text *out);
/* As a record of type "summary", "survey_summary" in doc/tcpshake.schema.json: a line. */
void digest_json(const struct digest *d, struct text *out);

/* Reads the files ("-" is standard input), which may be the shards of one survey, and prints the
 * digest of their records: text, or one record. Lines that are no records are told on stderr with
 * their file and number. Returns the exit status: 0, or 2 when a file could not be read, nothing
 * was a record, or the output failed. */
int digest_files(const char *const *files, size_t n, bool json, bool outliers);

#endif
