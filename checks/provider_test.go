package checks

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGKEsOwnWebhooks: what GKE runs beside each API server is nobody's fault
// here, and that it can't be asked leaves nothing open that was not before.
func TestGKEsOwnWebhooks(t *testing.T) {
	dir := filepath.Join("..", "testdata", "checks")
	with, without := load(t, filepath.Join(dir, "provider", "default-webhooks.txtar")), load(t, filepath.Join(dir, "base.txtar"))
	for _, c := range All() {
		if diff := cmp.Diff(text(one(without.s, c)), text(one(with.s, c))); diff != "" {
			t.Errorf("%s: -without +with them:\n%s", c.ID, diff)
		}
	}
}
