/* What every test here is made of: run a command, look at its text and its files.
 *
 * Each test is a process of its own, so nothing is ever freed. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

typedef struct Run {
    int status; /* of exit, or 128 + the signal that ended it */
    char *out, *err;
} Run;

/* Run a line of shell, gradc and the source tree being $GRADC and $SOURCE in it. */
__attribute__((format(printf, 1, 2))) Run run(const char *fmt, ...);

/* The same, and the test fails unless it exits with 0. */
__attribute__((format(printf, 1, 2))) Run must(const char *fmt, ...);

/* A new empty folder, kept until the next run of the tests. */
char *scratch(void);

__attribute__((format(printf, 1, 2))) char *text(const char *fmt, ...);

/* The program, built from a source in a folder of its own, as DIR/m; DIR is returned. */
char *build(const char *source, const char *options);
char *build_text(const char *program, const char *options);

/* The ONNX that the trainer DIR/m makes of these parameters is valid and computes what it
 * predicts: by onnx.checker and numpy; by onnxruntime, where NODE_PATH leads to onnxruntime-web. */
void check_onnx(const char *dir, const char *params);
void run_onnx(const char *dir, const char *params);

char *read_text(const char *path); /* NULL: there is no such file */
void write_text(const char *path, const char *content);
bool exists(const char *path);

/* A file that a parameterised test is about. Criterion shows all cases under one name and
 * passes them between processes: no pointers, and the path belongs into the assertion. */
typedef struct Case {
    char path[240];
} Case;

/* Every file below `folder` of the source tree whose name ends in `ending`, sorted. */
struct criterion_test_params cases(const char *folder, const char *ending);

/* What follows `# options:` in a test program, or "". */
const char *options_of(const char *path);

#endif
