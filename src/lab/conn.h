/* The peer's applications, and a connection of one: its socket, what the application has in hand,
 * and what a figure has it do (RFC 9293 3.9.1: SEND, CLOSE, ABORT). */
#ifndef TCPSHAKE_LAB_CONN_H
#define TCPSHAKE_LAB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "lab/lab.h"
#include "wire/address.h"

enum {
    APP_BUFFER = 4096
};

struct app_conn {
    char in[APP_BUFFER];
    size_t in_len;   /* octets received that the app has not taken yet */
    const char *out; /* what is still to be sent: static, or within `in` */
    size_t out_len;
    bool closing; /* close when all is sent */
};

enum app_port {
    APP_PORT_SERVED, /* connections are accepted */
    APP_PORT_CLOSED, /* nothing listens */
    APP_PORT_SILENT, /* what arrives is dropped without an answer */
};

struct app {
    struct lab_app shown;
    enum app_port port;
    bool hangs_up; /* closes at once after accept */
    bool on_cue;   /* that the other end has closed is no reason to close */
    bool waits;    /* accepts nobody until CALL_ACCEPT */
    bool defers;   /* is shown nobody who has not sent data: TCP_DEFER_ACCEPT */
    /* Looks at what `in` holds. Called when more has come and all of `out` is sent; there is always
     * room for more when it returns. NULL: never reads. */
    void (*take)(struct app_conn *c);
};

/* Row `i` of the table, NULL past the end. */
const struct app *conn_app_at(size_t i);
/* NULL is "echo". An unknown name gives a line that lists the names. */
enum status conn_app_find(const char *name, const struct app **app, struct fault *fault);

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
