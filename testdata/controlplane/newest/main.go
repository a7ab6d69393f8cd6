// Command newest asks the module proxy which minors and patches of Kubernetes there
// are that the catalogue lacks, and says what to run. "make newest" runs it, in the
// root of the repository. It exits 1 if a whole minor is missing: docs/new-minor.md
// promises it within 14 days of its first release.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
)

const module = "k8s.io/kubernetes"

func main() {
	missing, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "newest:", err)
	}
	if err != nil || missing {
		os.Exit(1)
	}
}

func run() (missing bool, err error) {
	out, err := list("-versions", module)
	if err != nil {
		return false, err
	}
	var recorded []string
	for _, m := range catalogue.All() {
		recorded = append(recorded, m.Version)
	}
	news, err := compare(strings.Fields(string(out))[1:], recorded)
	if err != nil {
		return false, err
	}
	if len(news) == 0 {
		fmt.Println("The catalogue holds the newest patch of each minor.")
	}
	for _, n := range news {
		since := ""
		if n.kind == minor {
			missing = true
			if since, err = due(n.line + ".0"); err != nil {
				return missing, err
			}
		}
		fmt.Println(n.String() + since)
	}
	return missing, nil
}

// within is how soon after its first release a minor is to be in the catalogue.
const within = 14 * 24 * time.Hour

// due says until when a minor is promised.
func due(first string) (string, error) {
	out, err := list("-json", module+"@v"+first)
	if err != nil {
		return "", err
	}
	var released struct{ Time time.Time }
	if err := json.Unmarshal(out, &released); err != nil {
		return "", fmt.Errorf("go list %s@v%s: %w", module, first, err)
	}
	return fmt.Sprintf("\n  released %s, so promised for %s", released.Time.Format(time.DateOnly), released.Time.Add(within).Format(time.DateOnly)), nil
}

func list(args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"list", "-m"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return out, nil
}
