/* What a listener's kernel says of itself: the lengths of its two queues and their limits, the
 * settings that they obey, and what it has counted (tcp(7), listen(2); RFC 4987). */
#ifndef TCPSHAKE_MEASURE_BACKLOG_QUEUES_H
#define TCPSHAKE_MEASURE_BACKLOG_QUEUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum queues_setting {
#define SETTING(name, path) QUEUES_##name,
#define COUNTER(name, key)
#include "measure/backlog/queues.def"
    QUEUES_SETTINGS
};

enum queues_counter {
#define SETTING(name, path)
#define COUNTER(name, key) QUEUES_##name,
#include "measure/backlog/queues.def"
    QUEUES_COUNTERS
};

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
