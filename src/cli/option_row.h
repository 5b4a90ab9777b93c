/* An option's argument into the field that its row names: numbers, times and words within the
 * bounds of the row, and one line that says what is wrong. */
#ifndef TCPSHAKE_CLI_OPTION_ROW_H
#define TCPSHAKE_CLI_OPTION_ROW_H

#include <argp.h>

#include "base/text.h"
#include "measure/measure.h"

/* Row `i` of a table that ends with an empty one; NULL at its end, or where there is no table. */
const struct measure_option *option_row_at(const struct measure_option *rows, size_t i);
/* A table as argp has it, without its end; an option without a letter has the key `first` and its
 * place. Returns how many there are. */
size_t option_row_list(const struct measure_option *rows, int first, struct argp_option *out);
/* The row of a table (NULL: there is none) with that key; NULL: it has none. */
const struct measure_option *option_row_of(const struct measure_option *rows, int first, int key);

/* "--close", or "-4" where there is a letter only. */
void option_row_spell(const struct measure_option *row, struct text *out);
/* "fin, rst or wait"; nothing for an option that takes no words of its own. */
void option_row_words(const struct measure_option *row, struct text *out);

/* `base` is the struct that the row's fields are of, `arg` NULL where it takes none. What is wrong
 * is STATUS_MALFORMED and names the option. Of MEASURE_OCTETS nothing is taken. */
enum status option_row_take(const struct measure_option *row, void *base, const char *arg,
                            struct fault *fault);

enum {
    OPTION_ROW_OCTETS_MAX = 64 * 1024
};

/* Appends what the argument of a MEASURE_OCTETS stands for: "@FILE" the file's octets, otherwise
 * the text with \r \n \t \0 \\ and \xHH resolved. At most OPTION_ROW_OCTETS_MAX in all. */
enum status option_row_say(struct text *octets, const char *text, struct fault *fault);

#endif
