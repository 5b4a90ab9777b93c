/* The other side of a lab that is open: its network namespace, for whoever has something to do
 * there that the lab's own peer does not. */
#ifndef TCPSHAKE_TEST_PEER_SIDE_H
#define TCPSHAKE_TEST_PEER_SIDE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline bool peer_side_is(pid_t pid)
{
    static const char wanted[] = "tcpshake-peer";
    char path[64], name[32] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    FILE *f = fopen(path, "re");
    bool is = f != NULL && fgets(name, sizeof(name), f) != NULL &&
              strncmp(name, wanted, sizeof(wanted) - 1) == 0;
    if (f != NULL)
        (void)fclose(f);
    return is;
}

static inline int peer_side_look(pid_t opener)
{
    char path[64], line[256] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)opener, (int)opener);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return -1;
    (void)!fgets(line, sizeof(line), f);
    (void)fclose(f);
    for (char *at = line, *end; *at != '\0'; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        if (!peer_side_is(pid))
            continue;
        (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
        return open(path, O_RDONLY | O_CLOEXEC);
    }
    return -1;
}

/* Of the lab that `opener`, a process, has opened, whose peer takes its name a moment after it is
 * ready. The caller closes it; -1: there is none. */
static inline int peer_side_open(pid_t opener)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int fd = -1;
    for (int ms = 0; ms < 10000 && (fd = peer_side_look(opener)) < 0; ms++)
        (void)nanosleep(&pause, NULL);
    return fd;
}

#endif
