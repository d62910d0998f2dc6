@description('Name that the resources here begin with.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of Application Insights.')
param applicationInsightsId string

@description('The health check, as it is called from outside.')
param healthUrl string

@description('Address that alerts are mailed to; empty: they only show in the portal.')
param operatorEmail string

resource operator 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(operatorEmail)) {
  name: '${name}-operator'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'livechat'
    enabled: true
    emailReceivers: [
      {
        name: 'operator'
        emailAddress: operatorEmail
        useCommonAlertSchema: true
      }
    ]
  }
}

// A test is paid for by the run: each location every 15 minutes. Two locations tell the app's failure from a network's.
var locations = ['emea-nl-ams-azr', 'us-va-ash-azr']

resource healthTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${name}-health'
  location: location
  tags: union(tags, { 'hidden-link:${applicationInsightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    Name: 'Health'
    SyntheticMonitorId: '${name}-health'
    Description: 'Whether the app says that it does its work.'
    Kind: 'standard'
    Enabled: true
    Frequency: 900
    // An app that has slept starts first.
    Timeout: 60
    RetryEnabled: true
    Locations: [
      for id in locations: {
        Id: id
      }
    ]
    Request: {
      RequestUrl: healthUrl
      HttpVerb: 'GET'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
    }
  }
}

resource unhealthy 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-unhealthy'
  location: 'global'
  tags: union(tags, {
    'hidden-link:${applicationInsightsId}': 'Resource'
    'hidden-link:${healthTest.id}': 'Resource'
  })
  properties: {
    description: 'The health check fails, or does not answer. Open ${healthUrl}: it says what is wrong.'
    severity: 1
    enabled: true
    scopes: [healthTest.id, applicationInsightsId]
    evaluationFrequency: 'PT5M'
    // One run of each location.
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: healthTest.id
      componentId: applicationInsightsId
      failedLocationCount: length(locations)
    }
    autoMitigate: true
    actions: empty(operatorEmail) ? [] : [{ actionGroupId: operator.id }]
  }
}

// Silence counts: the query gives one row also when the timer has not run at all. A run that was stopped at its time limit
// did its part of a long walk.
resource notReconciled 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: '${name}-not-reconciled'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'LiveChat Functions: tickets are not reconciled'
    description: 'No successful reconciliation for 30 minutes. GET /api/reconcile/tickets lists the last runs and why they failed.'
    severity: 1
    enabled: true
    scopes: [applicationInsightsId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT30M'
    criteria: {
      allOf: [
        {
          query: '''
traces
| where message has "reconcile finished"
| extend line = parse_json(message)
| where tostring(line.message) == "reconcile finished" and tostring(line.outcome) in ("completed", "stopped")
| summarize successes = count()
'''
          timeAggregation: 'Total'
          metricMeasureColumn: 'successes'
          operator: 'LessThan'
          threshold: 1
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: empty(operatorEmail) ? [] : [operator.id]
    }
  }
}
