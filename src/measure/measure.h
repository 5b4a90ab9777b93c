/* A measurement is a row: what it is called, what the user may choose, what its results have in
 * them, and the script that does it. Everything that people and programs learn about a measurement
 * is made from its row: the options and --help, what is refused and why, the completion, its part
 * of the manual page, the JSON Schema, the columns of comma-separated values, and what
 * `survey --probe` takes. To add one, write a file with a row, NAME_measure, and name the file in
 * Makefile.am; doc/HACKING.md shows how.
 *
 * An option is a row too: where its value goes (a field of the script's state, or of the settings
 * that every run has), of what kind it is and within which bounds. So a script never sees a command
 * line: it finds its fields filled in. */
#ifndef TCPSHAKE_MEASURE_MEASURE_H
#define TCPSHAKE_MEASURE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "event/event.h"

struct script;

/* Where a value goes in a struct; no size, no place. */
struct measure_field {
    uint16_t at, size;
};
#define MEASURE_FIELD(type, member)                                                                \
    {                                                                                              \
        offsetof(type, member), sizeof(((type *)0)->member)                                        \
    }

/* What every run has, whatever it measures. */
struct measure_run {
    int64_t wait_ns;     /* -W: for one answer */
    int64_t deadline_ns; /* -w: for all of it; CLOCK_NEVER: no deadline */
    uint64_t tries;      /* a segment is sent so often at the most */
    uint64_t sessions;   /* one after the other, each from a port of its own */
};

enum measure_type {
    MEASURE_FLAG,     /* takes nothing; bool, becomes true */
    MEASURE_CLEARS,   /* takes nothing; bool, becomes false */
    MEASURE_NUMBER,   /* from `least` to `most`; an unsigned integer of any size */
    MEASURE_DURATION, /* ns, more than none; int64_t */
    MEASURE_WORD,     /* one of `words`; an enum that counts them from 0 */
    MEASURE_WORDS,    /* one of `words`, may be repeated; unsigned, a bit for each */
    MEASURE_PROBE,    /* a measurement that can be many; const struct measure * */
    MEASURE_STRING,   /* as it stands; const char * */
    /* Text with escapes, or @FILE. The octets of all such options stand behind each other in the
     * order of the rows; the field, a size_t, says how many there are up to this one's end. */
    MEASURE_OCTETS,
    MEASURE_TAKEN, /* as `take` reads it */
};

struct measure_option {
    const char *name; /* without its dashes; NULL: it has a letter only; ends a table, with `letter`
                         0 */
    char letter;      /* 0: it has none */
    uint8_t group;    /* of --help */
    enum measure_type type;
    const char *argument; /* what --help calls it */
    const char *help;
    /* For the manual page, in its words: *bold*, _italic_; NULL: as in --help. */
    const char *manual;
    uint64_t least, most;
    const char *least_told;   /* of a duration with a least one, as people write it */
    const char *beyond;       /* what is wrong with less */
    const char *const *words; /* ends with NULL */
    struct measure_field field;
    struct measure_field given; /* a bool; becomes true when the option was there */
    bool of_run;                /* both are fields of struct measure_run */
    /* `fault` says all of what is wrong. */
    enum status (*take)(void *field, const char *arg, struct fault *fault);
};

/* An option of the program that this measurement has no use for: "--isn would make ..." */
struct measure_refusal {
    const char *option; /* without its dashes; NULL ends the table */
    const char *why;
};

/* A key of a record. Its type is a name of the schema's $defs (u8, u16, u32, count, microseconds,
 * seconds, t_ns, session, endpoint, state, states, outcome ...), a type of JSON's own, or
 *     a|b|c     one of these words
 *     {}        an object; its keys follow as "key.name"; {=}: and no others
 *     [TYPE]    an array of it; [TYPE]+: not empty; [TYPE]+2, [TYPE]<=16: so many
 *     TYPE?     or null
 *     never     the record has no such key
 * and a unit stands in its name: _ns, _us, _s. */
struct measure_key {
    const char *name; /* NULL ends the table */
    const char *type;
    const char *meaning; /* NULL: the name says it */
    /* When it has to be there: NULL never, "" always, "outcome=open", "role" with that key,
     * "!role" without it. */
    const char *when;
    const char *column; /* of comma-separated values; NULL: it has none */
};

/* A kind of record, or of an object in one. The one that bears the measurement's name is its
 * result, NAME_summary what it adds to the record of the whole run. */
struct measure_record {
    const char *name; /* in the schema's $defs; NULL ends the table */
    const char *meaning;
    const struct measure_key *keys;
    const char *constraint; /* what no key can say, as JSON Schema: joined by allOf; or NULL */
    bool closed;            /* there are no other keys */
};

/* A setting of the lab's kernels. */
struct measure_sysctl {
    const char *name;           /* NULL ends the table */
    const char *assignment;     /* NAME=VALUE, unless the user says otherwise */
    struct measure_field field; /* of the state: takes what is in force, times `unit` */
    int64_t unit;
};

/* Who carries the packets, and so what `script` is. */
enum measure_carrier {
    MEASURE_TALK,    /* one end is ours: `script`, session by session */
    MEASURE_KERNELS, /* both are the lab's kernels and we are the wire: `script` */
    MEASURE_FIGURE,  /* either, as the figure is played */
    MEASURE_TURNS,   /* a few targets again and again */
    MEASURE_LIST,    /* very many targets, each once */
    MEASURE_QUEUES,  /* many callers of one listener in the lab */
    MEASURE_SOCKET,  /* a socket of this kernel, that we look at */
};

enum {
    MEASURE_IN_LAB = 1 << 0,   /* there alone: it has no target */
    MEASURE_MANY = 1 << 1,     /* `survey --probe` takes it */
    MEASURE_LAB_EYES = 1 << 2, /* lab --truth, --deaf and --a mean something to it */
    MEASURE_ONE_SYN = 1 << 3,  /* one SYN and what answers it: many need no conversations */
};

struct measure {
    const char *name;     /* of the command too; NAME_measure of its symbol */
    const char *operands; /* in --usage; NULL: TARGET, or none in the lab */
    const char *summary;  /* one line */
    const char *about;    /* above the options in --help */
    const char *statuses; /* below them */
    /* Its section of the manual page, in the words of `manual` above, a blank line between two
     * paragraphs; NULL: man/tcpshake.1.in has it. */
    const char *manual;
    enum measure_carrier carrier;
    unsigned can;               /* MEASURE_* */
    struct measure_run run;     /* unless the user says otherwise */
    struct measure_run patient; /* the same where the lab's wire loses or delays; or zero */
    const struct measure_option *options;
    const struct measure_refusal *refused;
    const struct measure_record *records;
    /* The script's state: so large, set to `state` (NULL: zero) before the options are read. */
    size_t size;
    const void *state;
    struct measure_field wait;   /* of the state: takes wait_ns */
    struct measure_field octets; /* of the state: a const uint8_t *, takes those of its options */
    struct measure_field
        outcome; /* of the state: an enum outcome, for surveys; with MEASURE_MANY */
    /* In the lab. */
    const char *lab_app; /* what the peer runs unless told otherwise; NULL: the lab's choice */
    const struct measure_sysctl *sysctls;
    /* What it does; see enum measure_carrier. */
    const struct script *script;
    /* Over all sessions; `states` has `n`. NULL: nothing is to be said. */
    void (*summarise)(void *const *states, size_t n, struct result *r);
};

/* Row `i` of those there are, in the order of their names; NULL past the end. */
const struct measure *measure_at(size_t i);
/* NULL: there is none of that name. */
const struct measure *measure_find(const char *name);
/* The state of a session that begins: its defaults, and the wait of the run. */
void measure_begin(const struct measure *m, void *state, const struct measure_run *run);
/* An unsigned integer of the field's size, into it and out of it. Of size 0 there is no field, and
 * nothing is stored. */
void measure_store(const struct measure_field *field, void *base, uint64_t value);
uint64_t measure_load(const struct measure_field *field, const void *base);
/* The keys that results of every measurement may have. */
const struct measure_key *measure_common_keys(void);

#endif
