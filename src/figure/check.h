/* Checks a figure as a whole before a packet is sent. What a figure leaves open is never held
 * against it, and neither is a number or a state that a peer could have and merely should not: to
 * find that out is what figures are run for. */
#ifndef TCPSHAKE_FIGURE_CHECK_H
#define TCPSHAKE_FIGURE_CHECK_H

#include "base/fault.h"
#include "figure/figure.h"

/* With tcpshake as the end `us`. STATUS_MALFORMED with "FILE:LINE:COLUMN: what is wrong, what was
 * expected" for
 * - a state that cannot follow from what is shown,
 * - a segment that arrives from an end whose state is shown and that has not sent it, unless it
 *   is marked (duplicate),
 * - an ACK of a symbol that the other end never sends, and one expected of the peer that is more
 *   than a window away from all that we send,
 * - an event that the peer cannot be made to do, or that is about another segment,
 * - an alternative that does not begin with what the peer does,
 * - [after] or [within] on what we do ourselves. */
enum status figure_check(const struct figure *f, enum end us, struct fault *fault);

/* The same against the lab's peer, which can be made to crash. */
enum status figure_check_in_lab(const struct figure *f, enum end us, struct fault *fault);

/* With a kernel at each end and tcpshake as the network between them. A segment that arrives must
 * have left in an earlier row, also if it is marked (duplicate); both ends can be made to crash;
 * neither has a second port. */
enum status figure_check_between(const struct figure *f, struct fault *fault);

#endif
