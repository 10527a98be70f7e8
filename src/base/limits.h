/* base/limits.h - every size, count, depth and time that the program accepts, in one place.
 *
 * Input past a limit is an ERR_LIMIT that names the limit; nothing here is reached by trusted
 * sizes.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* texts and data */
#define TEXT_BYTES_MAX        (1u << 20)   /* one text */
#define TEXT_TOKENS_MAX       (1u << 19)   /* sub-words of one text */
#define LINE_BYTES_MAX        (4u << 20)   /* one line of a data file */
#define DATA_BYTES_MAX        (4ull << 30) /* one data file */
#define EXAMPLE_COUNT_MAX     20000000
#define SPANS_PER_EXAMPLE_MAX 100000
#define LABEL_COUNT_MAX       1024
#define LABEL_BYTES_MAX       128
#define VOCAB_COUNT_MAX       1000000
#define VOCAB_BYTES_MAX       (64u << 20)
#define WORD_CHARS_MAX        100 /* WordPiece: longer words are [UNK] */

/* models */
#define MODEL_HIDDEN_MAX             8192
#define MODEL_LAYERS_MAX             96
#define MODEL_HEADS_MAX              128
#define MODEL_POSITIONS_MAX          8192
#define MODEL_INTERMEDIATE_MAX       32768
#define MODEL_TYPES_MAX              64
#define MODEL_FILE_BYTES_MAX         (16ull << 30)
#define MODEL_NAME_BYTES_MAX         128
#define CONFIG_BYTES_MAX             (1u << 20)
#define SAFETENSORS_HEADER_BYTES_MAX (16u << 20)
#define SAFETENSORS_COUNT_MAX        10000

/* JSON and YAML */
#define JSON_BODY_BYTES_MAX (4u << 20)
#define JSON_FILE_BYTES_MAX (64u << 20)
#define JSON_DEPTH_MAX      32
#define YAML_BYTES_MAX      (1u << 20)

/* the service */
#define HTTP_BODY_BYTES_MAX  (1u << 20)
#define HTTP_INPUTS_MAX      256 /* texts in one request */
#define HTTP_CONNECTIONS_MAX 1024
#define HTTP_IDLE_S_MAX      30
#define QUEUE_REQUESTS_MAX   512          /* waiting texts; past it 429 */
#define QUEUE_TOKENS_MAX     (2 << 20)    /* of waiting texts, all windows */
#define TEXT_WINDOWS_MAX     65536        /* of one text */
#define SCORES_BYTES_MAX     (256u << 20) /* probabilities of one text */
#define BATCH_TOKENS_MAX     4096
#define REQUEST_MS_MAX       30000

/* the registry */
#define REGISTRY_WAIT_MS   10000 /* for another command to finish */
#define EVIDENCE_BYTES_MAX (8u << 20)

/* arenas */
#define ARENA_STEP_BYTES_MAX (8ull << 30)
#define ARENA_JOB_BYTES_MAX  (32ull << 30)

#endif
