/* The targets of a run, as a stream: from the words and lines of a list to one endpoint after the
 * other, in an order that a key permutes. The list is never held, but for a window of its lines.
 *
 * A target's place in the order, its index, hangs on the list, the ports and the key, and on
 * nothing else: not on how fast the list comes or names are looked up, what is excluded, or which
 * shard is ours. A run that was cut short can so go on where it was, and runs on other machines can
 * share the list. For it, nothing is picked before 65 536 lines are there or the list has ended.
 *
 * Lines: "HOST", "NETWORK/LENGTH", "FIRST-LAST", "NAME", each with ports of its own or none
 * ("192.0.2.1:443", "[2001:db8::1]:443", "192.0.2.0/24:80,443"); see target_line.h. */
#ifndef TCPSHAKE_TARGETS_TARGETS_H
#define TCPSHAKE_TARGETS_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/hash.h"
#include "net/resolver.h"
#include "targets/ports.h"
#include "wire/address.h"

struct target {
    uint64_t index; /* its place in the order, from 0 */
    struct endpoint at;
    const char *name;    /* as written, where it is a name; else NULL; lives until the next call */
    const char *trouble; /* the name has no address: why; `at.ip` means nothing then; else NULL */
};

/* All that is pointed to stays the caller's; file and ports must outlive the targets. */
struct targets_config {
    const char *const *words; /* of the command line */
    size_t word_count;
    const char *file;         /* NULL: none; "-": standard input */
    const char *exclude_file; /* NULL: none; a bad line in it is always the end */
    struct ports ports;       /* for those that name none of their own; may be empty */
    bool special;             /* special-purpose addresses are targets even if there is a file */
    bool strict;              /* a bad line of the file ends the run; else it is passed over */
    bool numeric;             /* names are bad lines */
    int family;               /* AF_UNSPEC, AF_INET, AF_INET6: others are bad lines */
    struct hash_key key;      /* of the order */
    uint64_t shard, shards;   /* this one of how many, from 0; of one at least */
    void (*complain)(void *arg, const char *line); /* of a bad line: "FILE:12: why"; may be NULL */
    /* Of a target that is excluded or special: not given, but its place in the order is taken. May
     * be NULL. */
    void (*passed_over)(void *arg, const struct target *t);
    void *arg;
    const struct resolver_config *resolver; /* NULL: the system's */
};

enum targets_answer {
    TARGETS_NEXT,
    TARGETS_LATER, /* ask again when targets_fd is readable */
    TARGETS_END,
    TARGETS_FAILED
};

struct targets_counts {
    uint64_t given;             /* with an address */
    uint64_t bad_lines;         /* told and passed over */
    uint64_t excluded, special; /* targets of our shard that were passed over */
    uint64_t unresolved;        /* given without an address, with the trouble */
};

struct targets;

/* Opens all that needs opening and judges the words: before privilege_drop. Everything else works
 * after it. Caller frees. NULL with a line: a word does not parse, a file cannot be read. */
struct targets *targets_open(const struct targets_config *c, struct fault *fault);
void targets_free(struct targets *t);

/* The next target, in rising order of indices but for names, which come when they have been looked
 * up. Never waits, and is never long: when much is passed over it answers LATER in between. After
 * END or FAILED it stays at that. */
enum targets_answer targets_next(struct targets *t, struct target *out, struct fault *fault);

/* Readable when it may be worth asking again; of meaning after TARGETS_LATER only. */
int targets_fd(const struct targets *t);

const struct targets_counts *targets_counts(const struct targets *t);

/* How many there are in all for this shard, those passed over included, once the list has been read
 * to its end; 0: unknown. */
uint64_t targets_total(const struct targets *t);

#endif
