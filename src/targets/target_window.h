/* The lines of a list that are open: a bounded number, out of which the targets are picked one by
 * one, in an order that hangs on the key and the lines alone. Each line is a block (or a name)
 * times its ports, and is gone through in an order of its own. */
#ifndef TCPSHAKE_TARGETS_TARGET_WINDOW_H
#define TCPSHAKE_TARGETS_TARGET_WINDOW_H

#include "base/hash.h"
#include "base/permute.h"
#include "targets/target_line.h"

enum {
    TARGET_WINDOW_LINES = 65536,      /* open at a time, at most */
    TARGET_WINDOW_OCTETS = 512 * 1024 /* of names and long lists of ports among them, about */
};

enum target_name_state {
    TARGET_NAME_NEW,
    TARGET_NAME_ASKED,
    TARGET_NAME_KNOWN,
    TARGET_NAME_UNKNOWN
};

/* One name, looked up once however many ports of it are targets. Shared: who picks it holds it. */
struct target_name {
    unsigned holders;
    enum target_name_state state;
    uint64_t question;  /* the number it was asked with */
    struct in6_addr ip; /* of a KNOWN one */
    char *reason;       /* of an UNKNOWN one, why */
    char text[];
};

struct target_window_line;

struct target_window {
    struct hash_key key;
    const struct ports *ports; /* of those that have none of their own */
    struct target_window_line *lines;
    size_t len, cap;
    size_t octets;        /* beside the lines themselves */
    uint64_t added;       /* lines so far */
    uint64_t picked;      /* targets so far: the index of the next */
    uint64_t total;       /* targets of all lines so far; UINT64_MAX: more than that */
    struct permute order; /* of the line picked last */
    uint64_t order_of;    /* its number, from 1; 0: none */
};

struct target_window_pick {
    uint64_t index;
    struct in6_addr ip;       /* unless it is a name */
    struct target_name *name; /* NULL, or the caller drops it: target_window_drop */
    uint16_t port;
};

/* `ports` stays the caller's and must outlive the window. */
void target_window_init(struct target_window *w, const struct hash_key *key,
                        const struct ports *ports);
void target_window_done(struct target_window *w);

/* Whether another line must wait. It depends on the lines that are open, nothing else. */
bool target_window_full(const struct target_window *w);

/* Opens a line, not an EMPTY one, and takes its ports. One of them has to be: its own or the
 * window's. STATUS_NO_MEMORY with a line. */
enum status target_window_add(struct target_window *w, struct target_line *line,
                              struct fault *fault);

/* The next target, of a window that is full or will get no more lines. False: none is left. */
bool target_window_pick(struct target_window *w, struct target_window_pick *out);

void target_window_drop(struct target_name *name); /* NULL is fine */

#endif
