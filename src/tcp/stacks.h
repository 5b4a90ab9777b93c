/* The known SYN,ACK retransmission schedules of stacks.def. */
#ifndef TCPSHAKE_TCP_STACKS_H
#define TCPSHAKE_TCP_STACKS_H

#include "tcp/schedule.h"

enum {
    STACK_GAPS_MAX = 24
};

struct stack {
    const char *name, *source;   /* static */
    enum schedule_end end;       /* SILENCE, RST or RST_ACK */
    size_t count;                /* gaps, with the one before a reset */
    double gaps[STACK_GAPS_MAX]; /* in seconds */
};

size_t stacks_count(void);
/* The `i`-th row, from 0. */
const struct stack *stacks_at(size_t i);

#endif
