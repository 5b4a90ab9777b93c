/* A figure on the bench: parsed, checked and played against the host, whose application may be
 * there to do as the figure says. */
#ifndef TCPSHAKE_WORLD_STAGE_H
#define TCPSHAKE_WORLD_STAGE_H

#include "bench.h"

#include "figure/check.h"
#include "figure/parse.h"
#include "figure/print.h"
#include "measure/play/play.h"

enum {
    STAGE_OTHER_PORT = 50999 /* ours */
};

struct stage {
    struct bench bench; /* first: the host's callbacks are given it */
    struct figure figure;
    struct play play;
    struct upper application;
    uint32_t iss, irs; /* ours, the host's */
    enum call done[16];
    size_t done_count;
    bool mute; /* its kernel cannot be asked */
};

struct segment stage_like(const struct stage *s);

/* The host sends this, whatever its TCP thinks of it. */
void stage_says(struct stage *s, int64_t after_ns, unsigned flags, uint32_t seq, uint32_t ack,
                uint32_t len);
void stage_connects(struct stage *s);
/* As a host's `instead`: it has a listener for what comes from our other port, whatever goes on
 * with the first. */
bool stage_listens(struct bench *b, const struct segment *seg);

/* `figure` with its columns' heads or without any. Nobody is at the host's side. */
void stage_init(struct stage *s, enum end us, const char *figure);

/* From now on somebody is. */
void stage_man(struct stage *s);
void stage_run(struct stage *s);
void stage_done(struct stage *s);

#endif
