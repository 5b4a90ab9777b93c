/* Names of event kinds that outputs share: see event.h. */
#include "event/event.h"

const char *event_fault_name(enum event_fault fault)
{
    static const char *const names[] = {
        [EVENT_FAULT_KERNEL_RST] = "kernel-rst",
        [EVENT_FAULT_CAPTURE_DROPPED] = "capture-dropped",
        [EVENT_FAULT_NOT_SEEN] = "not-seen-leaving",
        [EVENT_FAULT_CONTRADICTION] = "contradiction",
        [EVENT_FAULT_TRUTH] = "truth-outside-set",
        [EVENT_FAULT_MALFORMED] = "malformed",
        [EVENT_FAULT_NOT_SENT] = "not-sent",
        [EVENT_FAULT_BROKEN] = "broken",
        [EVENT_FAULT_CLOCK] = "clock-set",
    };
    return names[fault];
}

const char *event_line_status_name(enum event_line_status status)
{
    static const char *const names[] = {
        [EVENT_LINE_OK] = "ok",
        [EVENT_LINE_DEVIATES] = "deviates",
        [EVENT_LINE_UNKNOWN] = "unknown",
        [EVENT_LINE_NOT_REACHED] = "not-reached",
    };
    return names[status];
}
