/* The file of addresses that are no targets. */
#ifndef TCPSHAKE_TARGETS_TARGET_EXCLUSION_H
#define TCPSHAKE_TARGETS_TARGET_EXCLUSION_H

#include "wire/block_set.h"

/* Reads all of it into the set and seals that. A line that does not parse is never passed over:
 * what it was to keep us from is unknown. STATUS_MALFORMED then, with "FILE:LINE: why". */
enum status target_exclusion_read(struct block_set *set, const char *file, struct fault *fault);

#endif
