package google

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// LogIn says how to get Application Default Credentials.
const LogIn = "run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"

// tokenTimeout bounds each request to a server that gives out tokens, which has no
// bound otherwise.
const tokenTimeout = 15 * time.Second

// scopes are what a token for a cluster needs: without the e-mail address GKE
// knows a service account by a number, which no RoleBinding names.
var scopes = [...]string{"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/userinfo.email"}

// A login finds Application Default Credentials at first use, and gets a first token,
// so that what is wrong with either is told as that and not of the server that the
// token is for.
type login func() (*google.Credentials, error)

func newLogin(ctx context.Context) login {
	return sync.OnceValues(func() (*google.Credentials, error) {
		ctx := context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: tokenTimeout})
		found, err := google.FindDefaultCredentials(ctx, scopes[:]...)
		if err != nil {
			return nil, &tokenError{err}
		}
		found.TokenSource = tokens{found.TokenSource}
		first := make(chan error, 1)
		go func() {
			_, err := found.TokenSource.Token()
			first <- err
		}()
		select {
		case err := <-first:
			return found, err
		case <-ctx.Done():
			return nil, &tokenError{ctx.Err()}
		}
	})
}

// tokens says of errors that they are about the token.
type tokens struct{ oauth2.TokenSource }

// Token implements [oauth2.TokenSource].
func (t tokens) Token() (*oauth2.Token, error) {
	token, err := t.TokenSource.Token()
	if err != nil {
		return nil, &tokenError{err}
	}
	return token, nil
}

// tokenError is that there is no token by Application Default Credentials.
type tokenError struct{ err error }

func (t *tokenError) Error() string { return t.err.Error() }

// Unwrap returns what went wrong.
func (t *tokenError) Unwrap() error { return t.err }

// NoCredentials says that nothing was sent for want of credentials.
func (*tokenError) NoCredentials() {}

// CredentialsHint says what to do about Application Default Credentials that
// are missing, or that don't work for the reason given.
func CredentialsHint(err error, reason string) string {
	var token *tokenError
	var refused *oauth2.RetrieveError
	first, _, _ := strings.Cut(reason, "\n")
	switch {
	case noCredentials(err):
		return "there are no Application Default Credentials: " + LogIn
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError:
		return fmt.Sprintf("the server that gives out tokens answers %d: try again later, for the credentials may be good", refused.Response.StatusCode)
	case errors.As(err, &token) && unsent.MatchString(first):
		m := unsent.FindStringSubmatch(first)
		what := "can't be reached: " + m[2]
		if strings.Contains(m[2], "deadline exceeded") || strings.Contains(m[2], "Timeout") || strings.Contains(m[2], "timeout") {
			what = "does not answer in time"
		}
		return fmt.Sprintf("the server that gives out tokens, %s, %s; are the network and the proxy up?", serverOf(m[1]), what)
	case errors.As(err, &token) && errors.Is(token.err, context.DeadlineExceeded):
		return "whoever gives out tokens did not answer before the time was over; are the network and the proxy up?"
	}
	return "the Application Default Credentials don't work: " + LogIn + " (" + first + ")"
}

// unsent is how a request that got no answer is told; golang.org/x/oauth2/jwt keeps no
// more of it than the text.
var unsent = regexp.MustCompile(`(?:Post|Get) "([^"]+)": (.+)$`)

// serverOf is the host of a URL; the whole of what is none.
func serverOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return address
}
