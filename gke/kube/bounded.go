package kube

import (
	"errors"
	"io"
	"net/http"
)

// errTooLong: an answer that goes on for longer than any page of a list does.
var errTooLong = errors.New("the answer is larger than is read of any, and was cut off: something else than a Kubernetes API server gave it")

// bounded reads at most so many bytes of each answer.
type bounded struct {
	http.RoundTripper
	most int64
}

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, b.most}
	}
	return resp, err
}

// boundedBody fails with [errTooLong] once more than left has been read.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}
