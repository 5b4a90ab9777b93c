/* Whom `ping` asks: the words of the command line and the lines of a file, looked up, each once,
 * all on one interface. */
#ifndef TCPSHAKE_CLI_PING_LIST_H
#define TCPSHAKE_CLI_PING_LIST_H

#include <net/if.h>

#include "cli/arguments.h"
#include "net/resolve.h"
#include "measure/ping/ping_log.h"

enum {
    PING_LIST_MAX = 1000 /* more are a survey's */
};

/* Starts from zero. */
struct ping_list {
    struct ping_log_target *targets; /* their names are owned */
    size_t count, cap;
    uint32_t scope_id; /* of link-local ones; 0: there is none */
    char ifname[IF_NAMESIZE];
};

void ping_list_done(struct ping_list *l);

/* One line of a file, without its line feed: "HOST:PORT", "[V6]:PORT" or "HOST PORT", with blanks
 * around it, a carriage return behind it and a comment from # on. STATUS_NOT_OURS: nothing stands
 * there. Pure. */
enum status ping_list_line(struct resolve_target *t, const char *line, size_t n,
                           struct fault *fault);

/* One target of known address; one that is there already counts once. */
enum status ping_list_add(struct ping_list *l, const struct arguments *o, const struct endpoint *at,
                          uint32_t scope_id, const char *name, struct fault *fault);

/* The words; two of which the second is no target of its own are HOST PORT. The first that is wrong
 * ends it. */
enum status ping_list_words(struct ping_list *l, const struct arguments *o, struct fault *fault);

/* The file, "-" for standard input. What is wrong with a line is told as "FILE:12: ..." and the
 * line passed over; only a file that cannot be read, and too many targets, end it. */
enum status ping_list_file(struct ping_list *l, const struct arguments *o, const char *name,
                           void (*complain)(void *arg, const char *line), void *arg,
                           struct fault *fault);

/* Whether all are of one address family. */
bool ping_list_is_alike(const struct ping_list *l);

#endif
