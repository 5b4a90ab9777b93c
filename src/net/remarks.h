/* Remarks of somebody else who watches the same packets, such as the lab's wire: fetched first,
 * then told between the packets in the order of their stamps. */
#ifndef TCPSHAKE_NET_REMARKS_H
#define TCPSHAKE_NET_REMARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

enum {
    REMARKS_LINE_MAX = 200,
    REMARKS_WAITING_MAX = 32
};

struct remarks_line {
    int64_t t_ns; /* a kernel's stamp, as a packet's */
    char text[REMARKS_LINE_MAX];
};

/* Where they come from. */
struct remarks_source {
    int fd; /* readable when there may be one */
    /* Fills in the next; false: none waits. Never blocks. */
    bool (*next)(void *arg, struct remarks_line *line);
    /* STATUS_OK while all is well; else with a line: nothing that is seen can be trusted any more.
     */
    enum status (*state)(void *arg, struct fault *fault);
    void *arg;
};

struct remarks {
    const struct remarks_source *source; /* NULL: nobody watches */
    struct remarks_line waiting[REMARKS_WAITING_MAX];
    size_t first, count;
};

/* Takes in what there is, as far as there is room; the rest stays where it is. To be called before
 * the packets are looked at: whatever a remark is about is then among them or among earlier ones.
 */
void remarks_fetch(struct remarks *a);

/* The next remark stamped before `t_ns`; NULL: none. It is there until the next call. */
const struct remarks_line *remarks_next(struct remarks *a, int64_t t_ns);

#endif
