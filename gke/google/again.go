package google

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/api/googleapi"
)

// pause is how long to wait before a call that failed is made again.
const pause = 300 * time.Millisecond

// twice makes a call, and once more if that failed in a way that may pass: one answer
// of a server that restarts decides no verdict.
func twice[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	v, err := call(ctx)
	if !passing(err) {
		return v, err
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return v, err
	}
	return call(ctx)
}

// passing reports whether err may be gone at the next try: an error of the server's
// own, or a connection that broke off. A server that does not answer in time was given
// its time, and one that refuses means it.
func passing(err error) bool {
	var answer *googleapi.Error
	var transport *url.Error
	switch {
	case err == nil, noCredentials(err), tokenRefused(err):
		return false
	case errors.As(err, &answer):
		return answer.Code == http.StatusInternalServerError || answer.Code == http.StatusBadGateway || answer.Code == http.StatusServiceUnavailable
	}
	return errors.As(err, &transport) && !transport.Timeout() && !errors.Is(err, context.Canceled)
}

// errRepeats: a list that goes round in a circle never ends.
var errRepeats = errors.New("the list does not end: the server gives a page again that it gave before")

// pageTokens are those of a list's pages.
type pageTokens map[string]bool

// again is an error if the page that comes next was given before; the last page has no
// token.
func (t pageTokens) again(next string) error {
	if t[next] {
		return errRepeats
	}
	t[next] = next != ""
	return nil
}
