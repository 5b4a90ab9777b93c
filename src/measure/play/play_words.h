/* What people are told about what the walk waits for. */
#ifndef TCPSHAKE_MEASURE_PLAY_PLAY_WORDS_H
#define TCPSHAKE_MEASURE_PLAY_PLAY_WORDS_H

#include "measure/play/play.h"

/* What a stranger is to do of itself for the row's segment: "connect", "talk", "close", "abort"; ""
 * for what it only answers. Static. */
const char *play_words_call(const struct play *p);
/* "waiting for 192.0.2.7 to connect to port 8888" */
void play_words_awaited(const struct play *p, char *out, size_t cap);
/* For who waits: "line 3: waiting for 192.0.2.7 to close, 12 s left". */
void play_words_progress(const struct play *p, int64_t now_ns, char *out, size_t cap);

#endif
