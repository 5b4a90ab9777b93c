/* See walk_kinds.h. */
#include "walk_kinds.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ACTS(table)  .acts = (table), .act_count = COUNT(table)

/* More than a flight of ten segments holds, and more than our window. */
enum {
    WORD = 5,
    FLIGHTS = 20000,
    WINDOW = 65536
};

static const struct act usual[] = {
    {CALL_SEND, WORD}, {CALL_SEND, WORD},        {CALL_SEND, WORD}, {CALL_CLOSE, 0},
    {CALL_CLOSE, 0},   {CALL_CLOSE, 0},          {CALL_ABORT, 0},   {CALL_CRASH, 0},
    {CALL_CONNECT, 0}, {CALL_CONNECT, 0},        {CALL_LISTEN, 0},  {CALL_LISTEN, 0},
    {CALL_LISTEN, 0},  {CALL_STOP_LISTENING, 0},
};

/* CLOSE is a half-close: the application reads on. KILL closes the socket for good. */
static const struct act writes[] = {
    {CALL_SEND, FLIGHTS}, {CALL_SEND, WINDOW},   {CALL_SEND, 1},        {CALL_CLOSE, 0},
    {CALL_CLOSE, 0},      {CALL_CLOSE, FLIGHTS}, {CALL_CLOSE, FLIGHTS}, {CALL_CLOSE, WINDOW},
    {CALL_KILL, 0},       {CALL_KILL, FLIGHTS},  {CALL_KILL, WINDOW},   {CALL_KILL, 1},
    {CALL_ABORT, 0},      {CALL_ABORT, FLIGHTS}, {CALL_ABORT, WINDOW},
};

static const struct act closes[] = {
    {CALL_SEND, WORD}, {CALL_CLOSE, 0},   {CALL_CLOSE, WORD},
    {CALL_KILL, 0},    {CALL_KILL, WORD}, {CALL_ABORT, 0},
};

static const struct act queues[] = {
    {CALL_ACCEPT, 0}, {CALL_ACCEPT, 0},  {CALL_STOP_LISTENING, 0}, {CALL_LISTEN, 0},
    {CALL_LISTEN, 0}, {CALL_SEND, WORD}, {CALL_CLOSE, 0},          {CALL_KILL, 0},
};

static const enum others_act fills[] = {OTHERS_FILL, OTHERS_FILL, OTHERS_LEAVE};
static const enum others_act blind[] = {OTHERS_EARLIER, OTHERS_BLIND};
static const enum others_act knowing[] = {OTHERS_EARLIER, OTHERS_BLIND, OTHERS_KNOWING};
static const enum others_act swallows[] = {OTHERS_SWALLOW, OTHERS_PASS};
static const enum others_act rejects[] = {OTHERS_REJECT, OTHERS_REJECT, OTHERS_SWALLOW,
                                          OTHERS_PASS};
#define OTHERS(table) .others = (table), .others_count = COUNT(table)

/* In the order of enum step_kind. */
#define USUAL_SHARES                                                                               \
    {                                                                                              \
        51, 25, 6, 12, 6, 0                                                                        \
    }
/* Conversations get somewhere. */
#define BUSY_SHARES                                                                                \
    {                                                                                              \
        56, 12, 4, 20, 8, 0                                                                        \
    }
#define OTHERS_SHARES                                                                              \
    {                                                                                              \
        53, 10, 3, 12, 6, 16                                                                       \
    }

/* Where a kernel takes all that is written at once, CLOSE finds it unsent. */
#define DEEP_BUFFER "net.ipv4.tcp_wmem=4096 262144 4194304"

static const struct walk_kind kinds[] = {
    {.name = "plain",
     .what = "an application that says a word, closes, aborts, connects",
     .app = "cue",
     .shares = USUAL_SHARES,
     ACTS(usual)},
    {.name = "writes",
     .what = "one that writes more than fits, and closes, half-closes or aborts at once",
     .app = "cue",
     .sysctls = {DEEP_BUFFER},
     .shares = BUSY_SHARES,
     ACTS(writes),
     .unprompted = true,
     .narrow = true},
    {.name = "unread",
     .what = "one that writes and never reads: its close is a reset, its window gets full",
     .app = "hold",
     .sysctls = {DEEP_BUFFER},
     .shares = BUSY_SHARES,
     ACTS(writes),
     .unprompted = true},
    {.name = "cookies",
     .what = "a listener that answers every SYN with a cookie",
     .app = "cue",
     .sysctls = {"net.ipv4.tcp_syncookies=2"},
     .shares = USUAL_SHARES,
     ACTS(closes)},
    {.name = "defer",
     .what = "a listener that accepts when data have come (TCP_DEFER_ACCEPT)",
     .app = "defer",
     .shares = BUSY_SHARES,
     ACTS(closes)},
    {.name = "queue",
     .what = "a listener whose queue is full",
     .app = "idle",
     .backlog = 1,
     .shares = OTHERS_SHARES,
     ACTS(queues),
     OTHERS(fills)},
    {.name = "overflow",
     .what = "one that resets what its full queue has no room for",
     .app = "idle",
     .sysctls = {"net.ipv4.tcp_abort_on_overflow=1"},
     .backlog = 1,
     .shares = OTHERS_SHARES,
     ACTS(queues),
     OTHERS(fills)},
    {.name = "blind",
     .what = "segments of earlier connections, and an injector who does not know the numbers",
     .app = "cue",
     .shares = OTHERS_SHARES,
     ACTS(usual),
     OTHERS(blind),
     .late = true},
    {.name = "knowing",
     .what = "an injector who knows them, and a second responder",
     .app = "cue",
     .shares = OTHERS_SHARES,
     ACTS(usual),
     OTHERS(knowing),
     .late = true},
    {.name = "swallows",
     .what = "a NAT that forgets, and drops what we send",
     .app = "cue",
     .shares = OTHERS_SHARES,
     ACTS(closes),
     OTHERS(swallows)},
    {.name = "rejects",
     .what = "a NAT that forgets, and resets what we send",
     .app = "cue",
     .shares = OTHERS_SHARES,
     ACTS(closes),
     OTHERS(rejects)},
};

const struct walk_kind *walk_kind_at(size_t i)
{
    return i < COUNT(kinds) ? &kinds[i] : NULL;
}

size_t walk_kind_find(const char *name)
{
    size_t i = 0;
    while (i < COUNT(kinds) && strcmp(kinds[i].name, name) != 0)
        i++;
    return i;
}
