/* Which state is the peer in? Its kernel's own word where there is one; else the set that tcp/peer
 * infers, and while that has more than one member, questions: one segment each, and its answer,
 * until one state is left.
 *
 * Which question is asked follows from the tables and from nothing else. For each member of the set
 * a TCB in that state, with the numbers the peer has told, takes each question that stimuli.def
 * ranks (tcp/classify, tcp/transitions.def); what it answers is shown to a copy of what is inferred
 * (tcp/peer). A question is worth asking if some answer leaves a smaller set. Of those the one is
 * asked that moves the fewest members, and of equals the one of the lowest rank. What the peer
 * really answers is not held against the forecast: the inference sees it like any other segment,
 * so a peer that follows no RFC makes a question useless, but never a state wrong.
 *
 * Silence is no answer: the question or its answer may be lost, or a throttle have swallowed it. A
 * question is repeated, then the next one is tried, and in the end it is said that the states
 * cannot be told apart. Pure: segments and time come in, the next thing to do comes out. */
#ifndef TCPSHAKE_TALK_ASK_H
#define TCPSHAKE_TALK_ASK_H

#include "tcp/peer.h"
#include "tcp/stimuli.h"

struct ask_config {
    /* A question whose answer may be throttled leaves so long after whatever left or came before.
     * Linux: one answer in 500 ms (tcp_invalid_ratelimit). */
    int64_t spacing_ns;
    int64_t patience_ns; /* an answer is waited for so long */
    int64_t linger_ns;   /* in the end the peer's own retransmission is waited for */
    unsigned tries;      /* a question is asked so often if it brings nothing, >= 1 */
    unsigned most_rank;  /* the most disturbing question that is allowed, by stimuli.def */
    bool listener;       /* LISTEN and CLOSED are to be told apart: costs a SYN and its reset */
};

enum ask_verdict {
    ASK_NAMED,  /* `state` it is */
    ASK_SEND,   /* send `segment`: `ours` if our TCB sends it, else it knows nothing of it */
    ASK_WAIT,   /* for a segment, until `at_ns` */
    ASK_CANNOT, /* no question tells the members of `set` apart */
};

struct ask_step {
    enum ask_verdict verdict;
    enum state state;
    state_set set;
    enum stimuli_id question;
    struct segment segment; /* SEQ, ACK, control bits, length; data and the rest are the caller's */
    bool ours;
    int64_t at_ns;
};

struct ask {
    struct ask_config config;
    unsigned tries[STIMULI_COUNT]; /* since the set was made as small as it never was before */
    unsigned asked;
    bool lingered;
    int64_t linger_ns; /* until when */
    int64_t asked_ns;  /* when the last question was handed out; CLOCK_NEVER: none */
    int before, least; /* members of the set: then, and after the best question */
    bool knocked;      /* a SYN has asked, and may have opened something */
    seq_t knock_end;   /* the number after that SYN */
    bool listens;      /* a listener has answered it */
};

/* Half a second and more between questions, three tries, any question. */
struct ask_config ask_usual(void);
void ask_init(struct ask *a, const struct ask_config *config);

/* A TCB in state `s` with the numbers that the peer has told, and where it has not, those it must
 * have to be in that state. */
struct tcb ask_supposed(const struct peer *p, const struct tcb *own, enum state s);

/* What to do next. To be called again after each segment that left or came, and at the time that
 * ASK_WAIT names. `own` is our end's TCB, which says what our end may send in earnest; `kernel` is
 * the peer's kernel's word, NULL where there is none. */
struct ask_step ask_next(struct ask *a, const struct peer *p, const struct tcb *own,
                         const enum state *kernel, int64_t now_ns);

#endif
