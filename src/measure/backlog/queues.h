/* What a listener's kernel says of itself: the lengths of its two queues and their limits, the
 * settings that they obey, and what it has counted (tcp(7), listen(2); RFC 4987). */
#ifndef TCPSHAKE_MEASURE_BACKLOG_QUEUES_H
#define TCPSHAKE_MEASURE_BACKLOG_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each file below /proc/sys, with dots for slashes. */
#define QUEUES_SETTING_TABLE(ROW)                                                                  \
    ROW(SOMAXCONN, "net.core.somaxconn")                                                           \
    ROW(MAX_SYN_BACKLOG, "net.ipv4.tcp_max_syn_backlog")                                           \
    ROW(SYNCOOKIES, "net.ipv4.tcp_syncookies")                                                     \
    ROW(ABORT_ON_OVERFLOW, "net.ipv4.tcp_abort_on_overflow")                                       \
    ROW(SYNACK_RETRIES, "net.ipv4.tcp_synack_retries")

/* Each key in /proc/net/netstat. */
#define QUEUES_COUNTER_TABLE(ROW)                                                                  \
    ROW(LISTEN_OVERFLOWS, "ListenOverflows")                                                       \
    ROW(LISTEN_DROPS, "ListenDrops")                                                               \
    ROW(COOKIES_SENT, "SyncookiesSent")                                                            \
    ROW(COOKIES_RECEIVED, "SyncookiesRecv")                                                        \
    ROW(COOKIES_FAILED, "SyncookiesFailed")                                                        \
    ROW(SYN_QUEUE_FULL_DROPS, "TCPReqQFullDrop")                                                   \
    ROW(SYN_QUEUE_FULL_COOKIES, "TCPReqQFullDoCookies")

#define QUEUES_ID(name, text) QUEUES_##name,
enum queues_setting {
    QUEUES_SETTING_TABLE(QUEUES_ID) QUEUES_SETTINGS
};

enum queues_counter {
    QUEUES_COUNTER_TABLE(QUEUES_ID) QUEUES_COUNTERS
};
#undef QUEUES_ID

struct queues {
    bool listens;
    uint32_t accept_len; /* connections that the application has not accepted */
    uint32_t accept_max; /* the limit: the queue is full when it holds one more */
    uint32_t syn_len;    /* half-open entries */
    struct {
        bool known;
        int64_t value;
    } settings[QUEUES_SETTINGS];
    struct {
        bool known;
        uint64_t value; /* since the namespace was made */
    } counters[QUEUES_COUNTERS];
};

/* The file below /proc/sys, with dots for slashes; static. */
const char *queues_setting_name(enum queues_setting s);
/* As /proc/net/netstat has it; static. */
const char *queues_counter_name(enum queues_counter c);

/* The counters from the text of /proc/net/netstat: pairs of lines, names and then values. What is
 * not there stays unknown. */
void queues_parse_netstat(struct queues *q, const char *text, size_t n);

#endif
