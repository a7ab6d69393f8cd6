package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	sarif "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// asSARIF is valid by the schema of SARIF 2.1.0, and has what GitHub wants beside.
func asSARIF(b []byte, _ preflight.Report) error {
	log, err := sarif.FromBytes(b)
	if err != nil {
		return err
	}
	run := log.Runs[0]
	// The library reads these as empty where they are absent, which they may not be.
	run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en", "en", []string{"\n"}
	errs := []error{log.Validate()}
	for _, res := range run.Results {
		uri := *res.Locations[0].PhysicalLocation.ArtifactLocation.URI
		if !regexp.MustCompile(`^clusters/[^/:][^:]*\.yaml$`).MatchString(uri) || strings.Contains(uri, "..") || len(res.PartialFingerprints) == 0 {
			errs = append(errs, fmt.Errorf("GitHub refuses %q, or shows it twice", uri))
		}
	}
	return errors.Join(errs...)
}

// asAnnotations are commands of GitHub Actions, within what it shows of a step.
func asAnnotations(b []byte, r preflight.Report) error {
	command := regexp.MustCompile(`^::(error|warning|notice) title=[^:,]*::[^\r\n]*$`)
	kinds := map[string]int{}
	for line := range strings.Lines(string(b)) {
		m := command.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			return fmt.Errorf("%q is no command", line)
		}
		if kinds[m[1]]++; kinds[m[1]] > 10 {
			return fmt.Errorf("more than 10 of %s", m[1])
		}
		if len(line) > 64<<10 {
			return fmt.Errorf("one of %d bytes: GitHub takes 64 KiB", len(line))
		}
	}
	if (kinds["error"] > 0) != (r.Verdict != preflight.Ready) {
		return fmt.Errorf("%s with %d errors", r.Verdict, kinds["error"])
	}
	return nil
}

func asCodeQuality(b []byte, _ preflight.Report) error {
	var issues []struct{ Fingerprint string }
	if err := errors.Join(conforms([]byte(codeQuality), b), json.Unmarshal(b, &issues)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if seen[i.Fingerprint] {
			return fmt.Errorf("two have the fingerprint %s, of which GitLab shows one", i.Fingerprint)
		}
		seen[i.Fingerprint] = true
	}
	return nil
}
