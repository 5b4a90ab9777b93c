/* What the peer's applications do with a connection, apart from the sockets it runs on. */
#ifndef TCPSHAKE_LAB_APP_H
#define TCPSHAKE_LAB_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "lab/lab.h"

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
    /* Looks at what `in` holds. Called when more has come and all of `out` is sent; there is always
     * room for more when it returns. NULL: never reads. */
    void (*take)(struct app_conn *c);
};

/* Row `i` of the table, NULL past the end. */
const struct app *app_at(size_t i);
/* NULL is "echo". An unknown name gives a line that lists the names. */
enum status app_find(const char *name, const struct app **app, struct fault *fault);

#endif
