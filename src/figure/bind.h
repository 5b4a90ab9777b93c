/* The figure's numbers and those of the wire. Each end counts in a space of its own (SEQ of A and
 * ACK of B in A's, the others in B's); a space is tied to the wire at the first number that is used
 * in it, a symbol at its first use. All arithmetic is modulo 2^32. */
#ifndef TCPSHAKE_FIGURE_BIND_H
#define TCPSHAKE_FIGURE_BIND_H

#include "figure/figure.h"
#include "wire/seq.h"

enum {
    BIND_SYMBOLS_MAX = 32
};

struct bind {
    struct {
        bool bound;
        seq_t zero;               /* what the figure's 0 is on the wire */
        struct figure_number syn; /* of the last SYN of this end, if given */
        bool was_bound;           /* before that SYN, which began the counting anew: */
        seq_t old_zero;
    } space[2]; /* by enum end */
    struct {
        char name[FIGURE_SYMBOL_MAX];
        enum end side;
        seq_t wire;
    } symbols[BIND_SYMBOLS_MAX];
    size_t symbol_count;
};

void bind_init(struct bind *b);
/* The wire's number, if it is known. `n` must be given. */
bool bind_lookup(const struct bind *b, enum end side, const struct figure_number *n, seq_t *wire);
/* Whether the wire's number is what `n` stands for. An end that has begun to count anew may still
 * be answered, and answer, in its old numbers: RFC 9293 3.5.1 Figure 9. False too if it is not
 * known. */
bool bind_matches(const struct bind *b, enum end side, const struct figure_number *n, seq_t wire);
/* `n`, not known so far, stands for `wire`. False when there are too many symbols. */
bool bind_set(struct bind *b, enum end side, const struct figure_number *n, seq_t wire);
/* The number of a SYN of an end whose numbers we do not choose. The same number as its last SYN
 * had is the same connection; any other begins its counting anew, and is then not known. */
void bind_syn(struct bind *b, enum end side, const struct figure_number *n);
/* The end has sent `octets` that the figure does not count. */
void bind_shift(struct bind *b, enum end side, uint32_t octets);
/* <SEQ=0><CTL=RST,ACK>: where there is no connection there is nothing to count from, and the number
 * is 0 on the wire (RFC 9293 3.5.2 group 1). */
bool bind_is_absolute(const struct figure_segment *s);
/* Whether the space is tied, and if so what its 0 is. */
bool bind_zero(const struct bind *b, enum end side, seq_t *zero);

#endif
