package google

import (
	"context"
	"fmt"

	"google.golang.org/api/option"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// beside makes the client of an API that is asked beside GKE's, or says why there is none:
// beside another GKE API it has to be named too. What is wrong with the credentials is
// told by the facts alone. The error is of what the user said of the endpoint.
func beside[C any](ctx context.Context, in login, o Options, name string, e endpoint, open func(context.Context, ...option.ClientOption) (*C, error)) (*C, facts.Absence, error) {
	if e.url == "" && o.endpoint() != "" {
		return nil, facts.Absence{Reason: facts.LeftOut, Detail: fmt.Sprintf("another GKE API is asked, and no %s is named beside it: pass %s", name, e.flag)}, nil
	}
	options, err := o.options(ctx, in, e)
	if err != nil && !notLoggedIn(err) {
		return nil, facts.Absence{}, err
	}
	var client *C
	if err == nil {
		client, err = open(ctx, options...)
	}
	if err != nil {
		return nil, notAuthenticated(err), nil
	}
	return client, facts.Absence{}, nil
}
