package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/store"
)

// keepFlags say where reports are kept.
type keepFlags struct{ where string }

func (k *keepFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.where, "reports", "", "where reports are kept, as PROJECT/LOCATION/CLUSTER/TIME.json: a directory, file:///path or gs://BUCKET/FOLDER")
}

// open opens the place; the caller closes it.
func (k keepFlags) open(ctx context.Context) (*store.Store, error) {
	s, err := store.Open(ctx, k.where)
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	return s, nil
}
