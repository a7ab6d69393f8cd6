package gke

import (
	"context"

	"github.com/gke-preflight/gke-preflight/gke/kube"
)

// Identity asks the API server as whom it knows us. It is the first question of
// all, so its error says what stands in the way and what to do about it. The
// name is empty, without an error, where the server does not tell it.
func (c *Connection) Identity(ctx context.Context) (string, error) {
	name, err := kube.Identity(ctx, c.Kubernetes, kube.Options{Version: c.version})
	if err == nil {
		return name, nil
	}
	return "", c.failed(ctx, err)
}
