// SPDX-License-Identifier: Apache-2.0
#include <threads.h>

#include <snp/cleanup.h>
#include <snp/fail.h>
#include <snp/file.h>
#include <snp/sha.h>

/* Reading a cached file takes a sixth of the time of hashing it: a thread that reads ahead saves
 * that time. Shorter files are done before it has begun. */
#define READ_AHEAD_FROM (4u << 20)
#define SLOTS		4u

/* Pieces go round through the slots: `read` of them were read, `used` were handed on. */
struct ring {
	const struct file *file;
	mtx_t lock;
	cnd_t changed;
	uint64_t read, used, pieces;
	bool stop;  /* the sink wants no more */
	int status; /* of the piece after `read`, where that is an error */
	struct snp_error err;
	uint8_t *buffer;
};

static size_t piece_size(const struct file *file, uint64_t piece)
{
	uint64_t left = file->size - piece * SNP_FILE_PIECE;

	return left < SNP_FILE_PIECE ? (size_t)left : SNP_FILE_PIECE;
}

static uint8_t *slot(const struct ring *ring, uint64_t piece)
{
	return ring->buffer + piece % SLOTS * SNP_FILE_PIECE;
}

static int read_ahead(void *arg)
{
	struct ring *ring = arg;
	int r = 0;

	mtx_lock(&ring->lock);
	while (r == 0 && !ring->stop && ring->read < ring->pieces) {
		uint64_t piece = ring->read;

		if (piece - ring->used == SLOTS) {
			cnd_wait(&ring->changed, &ring->lock);
			continue;
		}
		mtx_unlock(&ring->lock);
		r = file_read_piece(ring->file, piece * SNP_FILE_PIECE, slot(ring, piece),
				    piece_size(ring->file, piece), &ring->err);
		mtx_lock(&ring->lock);
		ring->status = r;
		ring->read += r == 0;
		cnd_signal(&ring->changed);
	}
	mtx_unlock(&ring->lock);
	return 0;
}

/* Wait for `piece`. */
static int await(struct ring *ring, uint64_t piece, struct snp_error *err)
{
	int r;

	mtx_lock(&ring->lock);
	while (ring->read <= piece && ring->status == 0)
		cnd_wait(&ring->changed, &ring->lock);
	r = ring->read > piece ? 0 : ring->status;
	mtx_unlock(&ring->lock);
	if (r < 0 && err)
		*err = ring->err;
	return r;
}

static void hand_back(struct ring *ring, uint64_t piece, bool stop)
{
	mtx_lock(&ring->lock);
	ring->used = piece + 1;
	ring->stop = stop;
	cnd_signal(&ring->changed);
	mtx_unlock(&ring->lock);
}

/* Where no thread reads ahead, each piece is read when its turn comes. */
static int get(struct ring *ring, bool ahead, uint64_t piece, struct snp_error *err)
{
	return ahead ? await(ring, piece, err)
		     : file_read_piece(ring->file, piece * SNP_FILE_PIECE, slot(ring, piece),
				       piece_size(ring->file, piece), err);
}

static int hand_on(struct ring *ring, bool ahead, file_sink sink, void *arg, snp_progress progress,
		   void *progress_arg, struct snp_error *err)
{
	int r = 0;

	for (uint64_t i = 0; i < ring->pieces && r == 0; i++) {
		size_t size = piece_size(ring->file, i);

		r = get(ring, ahead, i, err);
		if (r == 0)
			r = sink(arg, (struct snp_span){slot(ring, i), size}, err);
		if (ahead)
			hand_back(ring, i, r < 0);
		if (r == 0 && progress)
			progress(progress_arg, i * SNP_FILE_PIECE + size, ring->file->size);
	}
	return r;
}

int file_stream(const struct file *file, file_sink sink, void *arg, snp_progress progress,
		void *progress_arg, struct snp_error *err)
{
	_cleanup_(freep) uint8_t *buffer = malloc(SLOTS * SNP_FILE_PIECE);
	struct ring ring = {.file = file,
			    .pieces =
				    file->size / SNP_FILE_PIECE + (file->size % SNP_FILE_PIECE > 0),
			    .buffer = buffer};
	thrd_t reader;
	bool ahead;
	int r;

	if (!buffer)
		return out_of_memory(err);
	mtx_init(&ring.lock, mtx_plain);
	cnd_init(&ring.changed);
	ahead = file->size >= READ_AHEAD_FROM &&
		thrd_create(&reader, read_ahead, &ring) == thrd_success;
	r = hand_on(&ring, ahead, sink, arg, progress, progress_arg, err);
	if (ahead)
		thrd_join(reader, NULL);
	cnd_destroy(&ring.changed);
	mtx_destroy(&ring.lock);
	return r < 0 ? r : file_unchanged(file, err);
}

static int into_hash(void *arg, struct snp_span piece, struct snp_error *err)
{
	return hash_update(arg, piece, err);
}

int file_sha256(const struct file *file, snp_progress progress, void *progress_arg,
		uint8_t ret[static SNP_SHA256_SIZE], struct snp_error *err)
{
	_cleanup_(hash_freep) struct hash *hash = NULL;
	int r;

	r = hash_new(SNP_SHA256, &hash, err);
	if (r < 0)
		return r;
	r = file_stream(file, into_hash, hash, progress, progress_arg, err);
	if (r < 0)
		return r;
	return hash_final(hash, ret, err);
}
