/* An option's argument into the field that its row names: numbers, times and words within the
 * bounds of the row, and one line that says what is wrong. */
#ifndef TCPSHAKE_CLI_OPTION_ROW_H
#define TCPSHAKE_CLI_OPTION_ROW_H

#include <stdbool.h>

#include "base/text.h"
#include "measure/measure.h"

/* "--close", or "-4" where there is a letter only. */
void option_row_spell(const struct measure_option *row, struct text *out);
/* "fin, rst or wait"; nothing for an option that takes no words of its own. */
void option_row_words(const struct measure_option *row, struct text *out);

/* `base` is the struct that the row's fields are of, `arg` NULL where it takes none. What is wrong
 * is STATUS_MALFORMED and names the option. Of MEASURE_OCTETS nothing is taken. */
enum status option_row_take(const struct measure_option *row, void *base, const char *arg,
                            struct fault *fault);

/* An unsigned integer, of any size, into a field; for those who fill fields in. */
void option_row_store(const struct measure_field *field, void *base, uint64_t value);

#endif
