/* The process that looks names up: its side of resolver.h. */
#ifndef TCPSHAKE_NET_RESOLVER_CHILD_H
#define TCPSHAKE_NET_RESOLVER_CHILD_H

#include "net/resolver.h"

/* One packet each; zeroed first, as both cross a process boundary whole. */
struct resolver_question {
    uint64_t id;
    int32_t family;
    char name[RESOLVER_NAME_MAX];
};

struct resolver_answer {
    uint64_t id;
    struct in6_addr ip;
    char reason[RESOLVER_REASON_MAX]; /* empty: there is an address */
};

/* Answers what is asked over `fd`, a SOCK_SEQPACKET socket, until that is closed or an empty packet
 * comes. Gives up everything else it has, and its privileges. */
__attribute__((noreturn)) void resolver_child_run(int fd, const struct resolver_config *config);

#endif
