/* What an arriving segment means to our end: the checks of RFC 9293 3.10.7, in their order. */
#ifndef TCPSHAKE_TCP_CLASSIFY_H
#define TCPSHAKE_TCP_CLASSIFY_H

#include "tcp/tcb.h"

/* The first input that the segment is to the TCB in its present state. In SYN-RECEIVED and later,
 * after an acceptable ACK (ACK_NEW, ACK_OF_FIN, ACK_DUPLICATE), the text and the FIN are still to
 * be looked at: classify_text and classify_fin, on the TCB as the ACK left it. */
enum input classify_segment(const struct tcb *t, const struct segment *seg);

/* TEXT, TEXT_AHEAD, or INPUT_COUNT when it has no new data; `*off`, `*len`: the part of its data
 * that is new and in the window. */
enum input classify_text(const struct tcb *t, const struct segment *seg, uint32_t *off,
                         uint32_t *len);

/* FIN when the segment's FIN stands at RCV.NXT, else INPUT_COUNT. */
enum input classify_fin(const struct tcb *t, const struct segment *seg);

/* An input in words: "SYN that answers nothing we know"; static. */
const char *classify_describe(enum input in);

/* One of the RFC's calls in its words: "passive OPEN"; static. */
const char *classify_call(enum call call);

#endif
