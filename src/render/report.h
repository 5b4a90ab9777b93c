/* The end of every text output: warnings, then the result's lines with their labels in a column. */
#ifndef TCPSHAKE_RENDER_REPORT_H
#define TCPSHAKE_RENDER_REPORT_H

#include "event/event.h"
#include "event/sink.h"

/* One "warning: ..." paragraph. `place` says where in the ladder, "line 7"; NULL for none. */
void report_warning(struct text *out, const struct style *style, const char *place,
                    const char *text);

/* The labelled lines of a result. */
void report_result(struct text *out, const struct style *style, const struct result *result);

#endif
