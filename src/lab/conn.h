/* One connection of the peer: its socket, what its application has in hand, and what a figure has
 * it do (RFC 9293 3.9.1: SEND, CLOSE, ABORT). */
#ifndef TCPSHAKE_LAB_CONN_H
#define TCPSHAKE_LAB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/app.h"
#include "wire/address.h"

struct conn {
    int fd; /* -1: there is none */
    struct endpoint remote;
    uint64_t born;  /* counts up from one connection to the next */
    bool heard_all; /* the other end has nothing more to send */
    bool closed;    /* CLOSE was called: what still comes is read and ignored */
    bool shut;      /* and the kernel was told: all that was to be sent is sent */
    char *said;     /* allocated, from SAY; of it is still to be sent: */
    const char *say;
    size_t say_len;
    struct app_conn app;
};

/* Takes the non-blocking `fd` over. */
void conn_init(struct conn *c, int fd, const struct endpoint *remote, uint64_t born);
/* Closes the socket, as a process does that ends. */
void conn_drop(struct conn *c);

/* What to poll for, and what to do when poll has reported something: may drop the connection. */
short conn_wants(const struct conn *c, const struct app *app);
/* Returns what the application has learnt: 0 that the other end is done, an errno that the
 * connection is broken, -1 nothing of the kind. */
int conn_serve(struct conn *c, const struct app *app, short reported);

/* Each returns 0 or an errno. */
int conn_say(struct conn *c, const void *data, size_t n);
int conn_close(struct conn *c);
int conn_abort(struct conn *c);
/* Without a word to the other end. Needs CAP_NET_ADMIN to be permitted. */
int conn_crash(struct conn *c);
/* As if the application's process had been killed: the connection is handed to a process of its
 * own, and that is killed. What its kernel does is its affair. */
int conn_kill(struct conn *c);

#endif
