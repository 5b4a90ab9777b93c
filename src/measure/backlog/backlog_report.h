/* What is told of a part of the backlog's story, and of the whole. */
#ifndef TCPSHAKE_MEASURE_BACKLOG_BACKLOG_REPORT_H
#define TCPSHAKE_MEASURE_BACKLOG_BACKLOG_REPORT_H

#include "measure/backlog/backlog.h"

/* The part that has just ended, as a session of its own; its exit code. */
int backlog_report_part(struct backlog *b, int64_t now_ns);
/* The last event. */
void backlog_report_whole(struct backlog *b, int64_t now_ns);

#endif
