/* Two imagined kernels, each with an application that does as it is told, and us as the wire
 * between them: for what is staged between two kernels. Time is counted, a packet takes as long to
 * the wire as from it, and the numbers are a test's to choose. */
#ifndef TCPSHAKE_WORLD_KERNELS_H
#define TCPSHAKE_WORLD_KERNELS_H

#include <errno.h>

#include "bench.h"

#include "figure/check.h"
#include "figure/parse.h"
#include "figure/view.h"
#include "talk/talk.h"
#include "wire/craft.h"

enum {
    KERNELS_QUEUE_MAX = 256,
    KERNELS_OUT_MAX = 8,
    KERNELS_STEPS_MAX = 100000,
    KERNELS_PACKET_MAX = 1600,
};

#define KERNELS_START     (1700000000 * CLOCK_S)
#define KERNELS_DELAY     CLOCK_MS /* from a kernel to the wire, and from the wire to a kernel */
#define KERNELS_TIME_WAIT (60 * CLOCK_S)

struct kernels;

struct kernel {
    /* What a test may choose. */
    uint32_t iss, iss_step;               /* of the next connection; how far the one after it is */
    int64_t rto_ns, rto_most_ns;          /* the first one, the longest one */
    unsigned retries;                     /* retransmissions before it gives up; 0: it never does */
    int64_t keep_after_ns, keep_every_ns; /* keepalive; 0: none */
    unsigned keep_probes;
    bool resets_at_last;  /* when it gives up on keepalive, as Linux does */
    bool leaves_silently; /* when its process is killed */
    bool mute;            /* it cannot be asked for its state */
    bool unwilling;       /* its application fails at everything */
    bool lame;            /* its application does nothing */
    /* Called before its TCP; true: that was all. */
    bool (*instead)(struct kernel *k, const struct segment *seg);

    struct kernels *of;
    enum end side;
    struct tcb tcb;
    bool exists, listens, orphan; /* the connection; a listener; nobody has the connection */
    uint32_t unread;
    int saw;
    unsigned arrived, syns, told; /* segments, SYNs, calls of the application */
    struct {
        struct segment seg;
        uint8_t data[64];
    } out[KERNELS_OUT_MAX]; /* not acknowledged */
    size_t out_count;
    int64_t rto_at, keep_at, time_wait_at;
    unsigned rto_tries, keep_tries;
};

struct kernels_packet {
    int64_t at_ns;
    enum end end; /* that it comes from or goes to */
    bool arrives; /* has passed the wire */
    uint8_t ip[KERNELS_PACKET_MAX];
    size_t n;
};

struct kernels {
    struct bench bench; /* the record; there is no run */
    struct talk pair;
    struct talk_config config;
    struct upper upper[ENDS];
    struct kernel end[ENDS];
    struct craft *craft;
    struct kernels_packet queue[KERNELS_QUEUE_MAX]; /* in the order of their times */
    size_t queued;
    int64_t now_ns;
    /* Called before each step; the test's. */
    void (*each)(struct kernels *k);
    void *arg;
    unsigned passed; /* packets that went on from the wire */
};

/* Whatever its TCP thinks of it. */
void kernel_emits(struct kernel *k, int64_t after_ns, const struct segment *seg, const void *data,
                  size_t n);
void kernel_says(struct kernel *k, unsigned flags, uint32_t seq, uint32_t ack, uint32_t len);
void kernel_begins(struct kernel *k);
void kernel_forgets(struct kernel *k);
void kernel_calls(struct kernel *k, enum call call);

/* B listens. */
void kernels_init(struct kernels *k, uint32_t iss_a, uint32_t iss_b);
void kernels_begin(struct kernels *k, const struct script *script, void *state);

/* The next thing that happens: packets first, then the kernels' timers, then ours. False when
 * nothing will, or not before `limit_ns`. */
bool kernels_step(struct kernels *k, int64_t limit_ns);

/* Until the script has finished; the verdict of the last session is in the record then. */
void kernels_run(struct kernels *k, int64_t within_ns);

/* What is on its way when all is over arrives. */
void kernels_arrive(struct kernels *k);
void kernels_done(struct kernels *k);

#endif
