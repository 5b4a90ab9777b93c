/* Kinds of walks: what the peer runs, what its application does, who else is on the network, and
 * how often each kind of step is taken. One row a kind. */
#ifndef TCPSHAKE_TEST_WALK_KINDS_H
#define TCPSHAKE_TEST_WALK_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/lab.h"

enum step_kind {
    STEP_PROPER, /* our end goes on as it may in its state */
    STEP_ODD,    /* a segment of any kind, which our end knows nothing of */
    STEP_AGAIN,  /* an old duplicate */
    STEP_PEER,   /* the peer's application acts */
    STEP_WAIT,
    STEP_OTHERS, /* somebody else on the network does */
    STEP_KINDS
};

/* What an application does: writes, and then makes a call. */
struct act {
    enum call call;
    uint32_t writes; /* octets; 0: none */
};

enum others_act {
    OTHERS_FILL,    /* clients connect to the peer, more than its queue holds */
    OTHERS_LEAVE,   /* and go */
    OTHERS_EARLIER, /* a segment of the peer's comes once more, of an earlier connection too */
    OTHERS_BLIND,   /* an injector speaks for the peer, with numbers that it guesses */
    OTHERS_KNOWING, /* and with those that are right */
    OTHERS_SWALLOW, /* a NAT forgets the connection: what we send is dropped, */
    OTHERS_REJECT,  /* or answered by a reset of its own; */
    OTHERS_PASS,    /* it passes everything again */
    OTHERS_ACTS
};

enum {
    WALK_KIND_SYSCTLS = 3,
    WALK_KIND_SMALL_WIN = 2000
};

struct walk_kind {
    const char *name, *what;
    const char *app;
    const char *sysctls[WALK_KIND_SYSCTLS + 1];
    int backlog;                /* 0: as much as there may be */
    uint8_t shares[STEP_KINDS]; /* percent */
    const struct act *acts;
    size_t act_count;
    const enum others_act *others;
    size_t others_count;
    /* Nobody tells the inference what the application does, where no segment of the peer's can be
     * lost that shows it. */
    bool unprompted;
    bool late;   /* segments come late: the way is not known */
    bool narrow; /* in half of the batches our window is WALK_KIND_SMALL_WIN */
};

/* Row `i`, the plain kind first; NULL past the end. */
const struct walk_kind *walk_kind_at(size_t i);
/* Its row, or walk_kind_at's end. */
size_t walk_kind_find(const char *name);

#endif
