/* `tcpshake survey --summarise`: what the records in files come to. */
#ifndef TCPSHAKE_CLI_SUMMARISE_H
#define TCPSHAKE_CLI_SUMMARISE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the files ("-" is standard input), which may be the shards of one survey, and prints the
 * digest of their records: text, or one record of type "summary". Lines that are no records are
 * told on stderr with their file and number. Returns the exit status: 0, or 2 when a file could not
 * be read, nothing was a record, or the output failed. */
int summarise(const char *const *files, size_t n, bool json);

#endif
