/* Ends that are kernels: what they say, and what their applications are made to do. Between two of
 * them we are the wire: nothing passes but what is passed on here, and the record has what the
 * kernels say. */
#ifndef TCPSHAKE_TALK_ASKED_H
#define TCPSHAKE_TALK_ASKED_H

#include "talk/talk.h"

/* The word of an end's kernel; fails where it cannot be asked. */
enum status asked_state(const struct talk *x, enum end end, enum state *state, struct fault *fault);
/* An end's application makes a call. When this returns, it has, and what it may have led to is
 * recorded. */
enum status asked_call(struct talk *x, enum end end, enum call call, const void *data, size_t n,
                       struct fault *fault);
/* STATUS: upper.h. */
int asked_status(const struct talk *x, enum end end);
/* B's application has made a call that we know of, or is just making it: what that may have done is
 * inferred. asked_call does so itself. */
void asked_prompted(struct talk *x, enum call call);

/* --- Between two of them --- */

/* A session begins. */
void asked_begin(struct talk *x);
/* Both kernels are asked; what has changed is recorded. */
void asked_look(struct talk *x);
/* Puts a packet onto the cable that leads to an end. A failure of ours is kept. */
void asked_pass(struct talk *x, enum end to, const uint8_t *ip, size_t n);
/* The machine at an end disappears, as behind a router: it forgets everything, nothing of the
 * conversation reaches it or comes from it until the next session. What is not of the conversation
 * passes, so that its address goes on being resolved. */
void asked_cut(struct talk *x, enum end end);

#endif
