// Adapter for gophercloud, which follows next by itself.
package main

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"

	"adapters/protocol"
)

func main() { protocol.Serve(listImages) }

func listImages(service protocol.Service, query map[string]protocol.Values) ([]string, error) {
	options, err := typed(query)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	provider, err := openstack.AuthenticatedClient(ctx, gophercloud.AuthOptions{
		IdentityEndpoint: service.IAMURL,
		Username:         service.User,
		Password:         service.Password,
		DomainName:       service.Domain,
		TenantID:         service.Project,
		AllowReauth:      true,
	})
	if err != nil {
		return nil, reported(err)
	}
	client, err := openstack.NewImageV2(provider, gophercloud.EndpointOpts{Region: service.Region})
	if err != nil {
		return nil, reported(err)
	}
	pages, err := images.List(client, options).AllPages(ctx)
	if err != nil {
		return nil, reported(err)
	}
	found, err := images.ExtractImages(pages)
	if err != nil {
		return nil, reported(err)
	}
	var ids []string
	for _, image := range found {
		ids = append(ids, image.ID)
	}
	return ids, nil
}

// typed returns the options of the SDK. The q tags of its fields are the names of the parameters.
func typed(query map[string]protocol.Values) (options images.ListOpts, err error) {
	fields := map[string]reflect.Value{
		"created_at": reflect.ValueOf(&options.CreatedAtQuery).Elem(),
		"updated_at": reflect.ValueOf(&options.UpdatedAtQuery).Elem(),
	}
	for index, field := range reflect.VisibleFields(reflect.TypeOf(options)) {
		if name, tagged := field.Tag.Lookup("q"); tagged {
			fields[name] = reflect.ValueOf(&options).Elem().Field(index)
		}
	}
	for name, values := range query {
		field, found := fields[name]
		switch {
		case !found:
			err = protocol.Unsupported("images.ListOpts has no parameter " + name)
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf([]string(values)))
		case len(values) != 1:
			err = protocol.Unsupported("images.ListOpts takes one value of " + name)
		case field.Kind() == reflect.Int:
			var number int64
			number, err = strconv.ParseInt(values[0], 10, 64)
			field.SetInt(number)
		case field.Kind() == reflect.Pointer:
			var date *images.ImageDateQuery
			date, err = dateQuery(values[0])
			field.Set(reflect.ValueOf(date))
		default:
			field.SetString(values[0])
		}
		if err != nil {
			return options, err
		}
	}
	return options, nil
}

func dateQuery(value string) (*images.ImageDateQuery, error) {
	filter, text, _ := strings.Cut(value, ":")
	date, err := time.Parse(time.RFC3339, text)
	if err != nil {
		date, err = time.Parse(time.DateTime, text)
	}
	return &images.ImageDateQuery{Date: date, Filter: images.ImageDateFilter(filter)}, err
}

func reported(err error) error {
	var response gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &response) {
		return err
	}
	return &protocol.Error{Status: response.Actual, Message: err.Error()}
}
