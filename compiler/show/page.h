/* Style and script of the page, built in. */
#ifndef PAGE_H
#define PAGE_H

#include "diag.h"

extern const Source page_file[]; /* page.css, page.js */
extern const int page_files;

#endif
