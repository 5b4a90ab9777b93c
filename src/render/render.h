/* The sinks there are: text for people, records for programs, a capture for Wireshark, a diagram.
 * Each reads events and nothing else. Every constructor returns a sink the timeline will own, or
 * NULL when memory ran out. */
#ifndef TCPSHAKE_RENDER_RENDER_H
#define TCPSHAKE_RENDER_RENDER_H

#include "event/timeline.h"

/* The ladder in the figure notation, then the result as labelled lines; in brief these alone. */
struct sink *ladder_new(struct writer out, struct style style);
/* A figure that was played, line by line. */
struct sink *figure_text_new(struct writer out, struct style style);
/* A line a probe and the statistics, as ping has them. */
struct sink *ping_text_new(struct writer out, struct style style);
/* One JSON record a line, as doc/tcpshake.schema.json says. */
struct sink *ndjson_new(struct writer out);
/* A table: a line of names and one for each result, as comma-separated values. */
struct sink *csv_new(struct writer out);
/* Every segment with ns stamps; state changes and their reasons as packet comments. */
struct sink *pcapng_new(struct writer out);
/* A mermaid sequenceDiagram. */
struct sink *mermaid_new(struct writer out);

#endif
