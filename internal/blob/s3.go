package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config says where a bucket is.
type S3Config struct {
	Endpoint  string // http(s)://host[:port]
	Region    string // empty: the service is asked
	Bucket    string
	Prefix    string // put before each key, so that a bucket can be shared
	AccessKey string
	SecretKey string
	PathStyle bool // endpoint/bucket/key instead of bucket.endpoint/key
}

// S3 keeps blobs in a bucket of an S3-compatible service.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

// noSuchKey says that there is no such object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const noSuchKey = "NoSuchKey"

// NewS3 prepares the client; it does not connect. See Ping.
func NewS3(cfg S3Config) (*S3, error) {
	endpoint, err := url.Parse(cfg.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" ||
		endpoint.Path != "" && endpoint.Path != "/" {
		return nil, fmt.Errorf("%q is not the URL of an S3 service: http(s)://host[:port]", cfg.Endpoint)
	}
	lookup := minio.BucketLookupAuto
	if cfg.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:       endpoint.Scheme == "https",
		Region:       cfg.Region,
		BucketLookup: lookup,
	})
	if err != nil {
		return nil, fmt.Errorf("S3 client: %w", err)
	}
	return &S3{client: client, bucket: cfg.Bucket, prefix: cfg.Prefix}, nil
}

// Ping reports whether the bucket can be reached and is there.
func (s *S3) Ping(ctx context.Context) error {
	found, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return fmt.Errorf("bucket %s: %w", s.bucket, err)
	}
	if !found {
		return fmt.Errorf("bucket %s does not exist", s.bucket)
	}
	return nil
}

// Put uploads the content; the service shows it when all of it is there.
func (s *S3) Put(ctx context.Context, key string, content io.Reader, size int64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := s.put(ctx, s.prefix+key, &exactly{content, size}, size); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *S3) put(ctx context.Context, name string, content io.Reader, size int64) error {
	// In one request, as S3 takes up to 5 GiB: parts of uploads would be held in memory.
	options := minio.PutObjectOptions{DisableMultipart: true}
	if size == 0 {
		// The client sends nothing without looking, and signs chunks that aren't there unless told not to.
		if _, err := content.Read(nil); !errors.Is(err, io.EOF) {
			return err
		}
		content, options.DisableContentSha256 = http.NoBody, true
	}
	_, err := s.client.PutObject(ctx, s.bucket, name, content, size, options)
	return err
}

// Open asks for the object's size; its bytes are fetched as they are read.
func (s *S3) Open(ctx context.Context, key string) (*Blob, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	info, err := object.Stat()
	if err != nil {
		_ = object.Close()
		if missing(err) {
			err = ErrNotFound
		}
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return &Blob{object, info.Size}, nil
}

// Delete removes the object.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	err := s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{})
	if err != nil && !missing(err) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

func missing(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.Code == noSuchKey && answer.StatusCode == http.StatusNotFound
}
