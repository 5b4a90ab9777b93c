/* See meter.h. A file of /proc/sys/net and one of /proc/net speak of the network namespace in which
 * they were opened, whoever reads them from wherever later. */
#include "lab/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
    NETSTAT_MAX = 32768,
    PATH_OCTETS = 96
};

void meter_init(struct meter *m)
{
    m->netstat = -1;
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++)
        m->settings[s] = -1;
}

static int open_setting(enum queues_setting s)
{
    char path[PATH_OCTETS];
    int n = snprintf(path, sizeof(path), "/proc/sys/%s", queues_setting_name(s));
    if (n < 0 || (size_t)n >= sizeof(path))
        return -1;
    for (char *p = path; *p != '\0'; p++)
        *p = *p == '.' ? '/' : *p;
    return open(path, O_RDONLY | O_CLOEXEC);
}

enum status meter_open(struct meter *m, struct fault *fault)
{
    m->netstat = open("/proc/self/net/netstat", O_RDONLY | O_CLOEXEC);
    if (m->netstat < 0)
        return fault_set(fault, STATUS_SYSTEM, "/proc/self/net/netstat: %s", strerror(errno));
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++)
        m->settings[s] = open_setting(s);
    return STATUS_OK;
}

void meter_close(struct meter *m)
{
    if (m->netstat >= 0)
        close(m->netstat);
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++) {
        if (m->settings[s] >= 0)
            close(m->settings[s]);
    }
    meter_init(m);
}

static void read_setting(int fd, enum queues_setting s, struct queues *q)
{
    char digits[32];
    uint64_t value;
    ssize_t n = fd >= 0 ? pread(fd, digits, sizeof(digits) - 1, 0) : -1;
    if (n <= 0)
        return;
    digits[n] = '\0';
    digits[strcspn(digits, "\n")] = '\0';
    q->settings[s].known = text_to_number(digits, 0, INT64_MAX, &value);
    q->settings[s].value = q->settings[s].known ? (int64_t)value : 0;
}

enum status meter_read(struct meter *m, struct queues *q, struct fault *fault)
{
    char text[NETSTAT_MAX];
    size_t have = 0;
    ssize_t n = 0;
    if (m->netstat < 0)
        return fault_set(fault, STATUS_SYSTEM,
                         "that app of the lab accepts at once: leave --app out");
    while (have < sizeof(text) &&
           (n = pread(m->netstat, text + have, sizeof(text) - have, (off_t)have)) > 0)
        have += (size_t)n;
    if (n < 0)
        return fault_set(fault, STATUS_SYSTEM, "/proc/self/net/netstat: %s", strerror(errno));
    queues_parse_netstat(q, text, have);
    for (enum queues_setting s = 0; s < QUEUES_SETTINGS; s++)
        read_setting(m->settings[s], s, q);
    return STATUS_OK;
}
