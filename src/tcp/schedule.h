/* A series of arrivals of one and the same segment: its gaps and the rule that fits them; and the
 * table of known ones. Time is in ns; models and tables are in seconds. */
#ifndef TCPSHAKE_TCP_SCHEDULE_H
#define TCPSHAKE_TCP_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCHEDULE_GAPS_MAX = 300, /* the longest published series has 252 */
    STACK_GAPS_MAX = 24
};

enum schedule_end {
    SCHEDULE_SILENCE,
    SCHEDULE_RST,
    SCHEDULE_RST_ACK,
    SCHEDULE_FIN,
    SCHEDULE_TRUNCATED, /* we stopped listening first */
};

struct schedule {
    int64_t first_ns, last_ns; /* of the arrivals */
    int64_t gaps[SCHEDULE_GAPS_MAX];
    size_t count;     /* gaps: retransmissions seen */
    size_t overflown; /* retransmissions beyond what the array holds */
    bool begun;
    enum schedule_end end;
    int64_t end_ns; /* when the reset or FIN came */
};

/* A geometric series with a ceiling: first, first*factor, ... never more than cap. */
struct schedule_model {
    double first_s;
    double factor; /* 0 when one gap says nothing about it */
    double cap_s;  /* 0 when no ceiling was reached */
    bool fits;     /* every gap within the tolerance */
};

/* A row of stacks.def, the known schedules of SYN,ACKs. */
struct stack {
    const char *name, *source;   /* static */
    enum schedule_end end;       /* SILENCE, RST or RST_ACK */
    size_t count;                /* gaps, with the one before a reset */
    double gaps[STACK_GAPS_MAX]; /* in seconds */
};

/* The `i`-th row, from 0, of how many there are. */
size_t schedule_stacks(void);
const struct stack *schedule_stack(size_t i);

void schedule_init(struct schedule *s);
/* The segment arrived (again) at `t_ns`. */
void schedule_arrival(struct schedule *s, int64_t t_ns);
/* The series is over; `t_ns` of the reset or FIN, else of when listening ended. */
void schedule_finish(struct schedule *s, enum schedule_end end, int64_t t_ns);

/* How far a gap may lie from what is expected and still be it: max(4 ms, 12.5 %), because
 * timer wheels round up by as much. */
int64_t schedule_tolerance(int64_t gap_ns);

/* 0 when there is none. */
int64_t schedule_last_gap(const struct schedule *s);

struct schedule_model schedule_fit(const struct schedule *s);

/* "silence", "rst", "rst-ack", "fin", "truncated"; static. */
const char *schedule_end_name(enum schedule_end end);

#endif
