package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/gke/shelf"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
)

// fleetSources say which clusters there are.
type fleetSources struct {
	projects []string
	folder   string
	list     string
}

func (f *fleetSources) bind(cmd *cobra.Command, flags *gke.Flags) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.projects, "projects", nil, "check all clusters of these Google Cloud projects")
	fs.StringVar(&f.folder, "folder", "", "check all clusters of the projects in this folder, by its number, and below it")
	fs.StringVar(&f.list, "clusters", "", "check the clusters in this file, a line PROJECT/LOCATION/CLUSTER each, - for standard input")
	fs.StringVar(&flags.ResourceManager, "resource-manager-endpoint", "", "URL of another Cloud Resource Manager, for the projects of a folder; default: Google's own")
	cmd.MarkFlagsMutuallyExclusive("projects", "folder", "clusters")
}

func (f fleetSources) validate(recordings string) error {
	if len(f.projects) == 0 && f.folder == "" && f.list == "" && recordings == "" {
		return errors.New("which clusters? Pass --projects, --folder or --clusters")
	}
	return nil
}

// plan finds the clusters, and keeps those of the shard. What can't be listed is a gap.
func (f fleetSources) plan(cmd *cobra.Command, flags gke.Flags, recordings string, shard fleet.Shard) (fleet.Plan, error) {
	p := fleet.Plan{Shard: shard, Clusters: []fleet.Name{}, Gaps: []fleet.Gap{}}
	var all []fleet.Name
	var err error
	switch {
	case f.list != "":
		all, err = f.listed(cmd)
	case len(f.projects) == 0 && f.folder == "":
		all, err = recordedIn(recordings)
	default:
		all, p.Gaps, err = f.found(cmd.Context(), flags.Options)
	}
	if err != nil {
		return p, err
	}
	if len(all) == 0 && len(p.Gaps) == 0 {
		return p, errors.New("there is no cluster: gcloud container clusters list --project PROJECT shows what there is")
	}
	for _, n := range all {
		if shard.Has(n) {
			p.Clusters = append(p.Clusters, n)
		}
	}
	return p, nil
}

func (f fleetSources) listed(cmd *cobra.Command) ([]fleet.Name, error) {
	b, err := readFile(cmd.InOrStdin(), f.list)
	if err != nil {
		return nil, fmt.Errorf("--clusters: %w", err)
	}
	all, err := fleet.ParseList(f.list, b)
	if err != nil {
		return nil, fmt.Errorf("--clusters: %w", err)
	}
	return all, nil
}

// recordedIn are the clusters of a directory of recordings, by the names of the files.
func recordedIn(dir string) ([]fleet.Name, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.zip"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("--snapshots %s: there is no recording PROJECT_LOCATION_CLUSTER.zip in it", dir)
	}
	var all []fleet.Name
	for _, file := range files {
		parts := strings.Split(strings.TrimSuffix(filepath.Base(file), ".zip"), "_")
		if len(parts) != 3 {
			return nil, fmt.Errorf("--snapshots: %s is not called PROJECT_LOCATION_CLUSTER.zip", file)
		}
		all = append(all, fleet.Name{Project: parts[0], Location: parts[1], Cluster: parts[2]})
	}
	return all, nil
}

// listAtOnce is how many projects are listed at the same time: GKE allows many more
// reads a minute than that takes.
const listAtOnce = 10

// found asks GKE for the clusters of the projects.
func (f fleetSources) found(ctx context.Context, flags google.Options) (all []fleet.Name, gaps []fleet.Gap, err error) {
	projects := f.projects
	gaps = []fleet.Gap{}
	if f.folder != "" {
		if projects, err = google.Projects(ctx, flags, f.folder); err != nil {
			for _, e := range apart(err) {
				gaps = append(gaps, fleet.Gap{Where: "folder " + f.folder, Why: e.Error()})
			}
		}
	}
	type answer struct {
		names []fleet.Name
		gaps  []fleet.Gap
	}
	answers := make([]answer, len(projects))
	var g errgroup.Group
	g.SetLimit(listAtOnce)
	for i, project := range projects {
		g.Go(func() error {
			answers[i].names, answers[i].gaps = inProject(ctx, flags, project)
			return nil
		})
	}
	_ = g.Wait()
	for _, a := range answers {
		all, gaps = append(all, a.names...), append(gaps, a.gaps...)
	}
	slices.SortFunc(all, func(a, b fleet.Name) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(all), gaps, ctx.Err()
}

func inProject(ctx context.Context, flags google.Options, project string) (names []fleet.Name, gaps []fleet.Gap) {
	clusters, zones, err := google.List(ctx, flags, project)
	if err != nil {
		gaps = append(gaps, fleet.Gap{Where: "project " + project, Why: err.Error()})
	}
	for _, zone := range zones {
		gaps = append(gaps, fleet.Gap{Where: "project " + project + ", zone " + zone, Why: "it did not answer: whether there are clusters is not known"})
	}
	for _, c := range clusters {
		names = append(names, fleet.Name{Project: c.Project, Location: c.Location, Cluster: c.Name})
	}
	return names, gaps
}

// shardFlags say which part of a run is this process's.
type shardFlags struct {
	run, shard string
	shards     int
}

func (f *shardFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.run, "run", "", "name of the run below --reports; the same name goes on where it was stopped; default: $CLOUD_RUN_EXECUTION, then the time")
	fs.StringVar(&f.shard, "shard", "", "check only the clusters of one worker of several, such as 0/4; default: by the variables of a Cloud Run job, or of an Indexed Job with --shards")
	fs.IntVar(&f.shards, "shards", 0, "how many workers an Indexed Job has; which one this is comes from $JOB_COMPLETION_INDEX")
}

// read returns the shard and the run's name.
func (f shardFlags) read(where string) (fleet.Shard, string, error) {
	s, err := f.which()
	if err != nil {
		return s, "", err
	}
	run := cmp.Or(f.run, os.Getenv("CLOUD_RUN_EXECUTION"))
	switch {
	case s.Of > 1 && where == "":
		return s, "", errors.New("--shard: without --reports nobody could add up what the workers find")
	case s.Of > 1 && run == "":
		return s, "", errors.New("--run: the workers of a run need one name for it, such as that of their Job")
	case run == "":
		return s, time.Now().UTC().Format("2006-01-02T15-04-05.000Z"), nil
	}
	return s, run, shelf.ValidRun(run)
}

func (f shardFlags) which() (fleet.Shard, error) {
	index, of, origin := "", "", ""
	switch {
	case f.shard != "":
		index, of, _ = strings.Cut(f.shard, "/")
		origin = "--shard " + f.shard
	case f.shards > 0:
		index, of = os.Getenv("JOB_COMPLETION_INDEX"), strconv.Itoa(f.shards)
		origin = fmt.Sprintf("--shards %d with JOB_COMPLETION_INDEX %q", f.shards, index)
	case os.Getenv("CLOUD_RUN_TASK_INDEX") != "":
		index, of = os.Getenv("CLOUD_RUN_TASK_INDEX"), os.Getenv("CLOUD_RUN_TASK_COUNT")
		origin = fmt.Sprintf("CLOUD_RUN_TASK_INDEX %q with CLOUD_RUN_TASK_COUNT %q", index, of)
	case os.Getenv("JOB_COMPLETION_INDEX") != "":
		return fleet.Shard{}, errors.New("JOB_COMPLETION_INDEX is set, but not how many workers there are: pass --shards with the Job's completions")
	default:
		return fleet.Shard{}, nil
	}
	i, err := strconv.Atoi(index)
	n, failed := strconv.Atoi(of)
	if err != nil || failed != nil || i < 0 || n < 1 || i >= n {
		return fleet.Shard{}, fmt.Errorf("%s: a worker is INDEX/COUNT, from 0/4 to 3/4 where there are four", origin)
	}
	return fleet.Shard{Index: i, Of: n}, nil
}
