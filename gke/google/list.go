package google

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	resourcemanager "google.golang.org/api/cloudresourcemanager/v3"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// List returns the clusters of a project in all locations, and the zones that did not
// answer: what is there is not known (projects.locations.clusters.list, missingZones).
// The error says what to do.
func List(ctx context.Context, o Options, project string) (clusters []facts.Cluster, missingZones []string, err error) {
	options, err := o.options(ctx, newLogin(ctx), o.container())
	if notLoggedIn(err) {
		return nil, nil, fmt.Errorf("the clusters of project %s can't be listed: %s", project, CredentialsHint(err, err.Error()))
	} else if err != nil {
		return nil, nil, err
	}
	client, err := container.NewClusterManagerRESTClient(ctx, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("the clusters of project %s can't be listed: %s", project, CredentialsHint(err, err.Error()))
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := client.ListClusters(ctx, &containerpb.ListClustersRequest{Parent: "projects/" + project + "/locations/-"})
	if err != nil {
		return nil, nil, fmt.Errorf("the clusters of project %s can't be listed: %s", project, containerAPI.why(err, facts.Cluster{Project: project}).Detail)
	}
	for _, c := range found.GetClusters() {
		clusters = append(clusters, facts.Cluster{Project: project, Location: c.GetLocation(), Name: c.GetName()})
	}
	return clusters, slices.Sorted(slices.Values(found.GetMissingZones())), nil
}

// Projects returns the active projects in a folder and in the folders below it, by
// Cloud Resource Manager. The error names the folders that can't be read; those that
// could be are returned all the same.
func Projects(ctx context.Context, o Options, folder string) ([]string, error) {
	options, err := o.options(ctx, newLogin(ctx), endpoint{"--resource-manager-endpoint", o.ResourceManager})
	if notLoggedIn(err) {
		return nil, fmt.Errorf("folder %s can't be read: %s", folder, CredentialsHint(err, err.Error()))
	} else if err != nil {
		return nil, err
	}
	service, err := resourcemanager.NewService(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("folder %s can't be read: %s", folder, CredentialsHint(err, err.Error()))
	}
	return projectsBelow(ctx, service, "folders/"+strings.TrimPrefix(folder, "folders/"))
}

func projectsBelow(ctx context.Context, service *resourcemanager.Service, folder string) ([]string, error) {
	var projects, folders []string
	given := pageTokens{}
	err := service.Projects.List().Parent(folder).Pages(ctx, func(page *resourcemanager.ListProjectsResponse) error {
		for _, p := range page.Projects {
			if p.State == "ACTIVE" {
				projects = append(projects, p.ProjectId)
			}
		}
		return given.again(page.NextPageToken)
	})
	failed := []error{unread(folder, err)}
	given = pageTokens{}
	err = service.Folders.List().Parent(folder).Pages(ctx, func(page *resourcemanager.ListFoldersResponse) error {
		for _, f := range page.Folders {
			if f.State == "ACTIVE" {
				folders = append(folders, f.Name)
			}
		}
		return given.again(page.NextPageToken)
	})
	failed = append(failed, unread(folder, err))
	for _, below := range folders {
		more, err := projectsBelow(ctx, service, below)
		projects, failed = append(projects, more...), append(failed, err)
	}
	return projects, errors.Join(failed...)
}

func unread(folder string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s can't be read: %s", folder, resourceManagerAPI.why(err, facts.Cluster{}).Detail)
}
