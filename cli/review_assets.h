/* Style and script of the review page: review.css and review.js, put into the command. */
#ifndef GACLIP_CLI_REVIEW_ASSETS_H
#define GACLIP_CLI_REVIEW_ASSETS_H

extern const char review_css[];
extern const char review_js[];

#endif
