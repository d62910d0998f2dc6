@description('Prefix of the names of these resources.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of Application Insights.')
param applicationInsightsId string

@description('Resource id of the workspace.')
param workspaceId string

@description('Public URL of the health check.')
param healthUrl string

@description('Email address for alerts; empty: alerts show only in the portal.')
param operatorEmail string

@description('Whether the account has tickets: false on the Text platform without HelpDesk.')
param hasTickets bool

@description('Monthly budget of the resource group; 0: none.')
param monthlyBudget int

@description('First day of a new budget, the first of a month.')
param budgetStart string

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

// Each run of the test is paid: one every 15 minutes from each location. With three locations, a failure of one network
// does not look like a failure of the app.
// https://learn.microsoft.com/azure/azure-monitor/app/availability#location-population-tags
var locations = ['emea-nl-ams-azr', 'us-va-ash-azr', 'apac-sg-sin-azr']

var notify = empty(operatorEmail) ? [] : [operator.id]

resource healthTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: '${name}-health'
  location: location
  tags: union(tags, { 'hidden-link:${applicationInsightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    Name: 'Health'
    SyntheticMonitorId: '${name}-health'
    Description: 'Calls GET /api/health from outside.'
    Kind: 'standard'
    Enabled: true
    Frequency: 900
    // Seconds: long enough for a cold start.
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
    description: 'The health check failed in two of three locations. GET /api/status lists every check with its cause and action. Health check: ${healthUrl}'
    severity: 1
    enabled: true
    scopes: [healthTest.id, applicationInsightsId]
    evaluationFrequency: 'PT5M'
    // Two runs of each location, so a late run does not hide an outage.
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: healthTest.id
      componentId: applicationInsightsId
      failedLocationCount: length(locations) - 1
    }
    autoMitigate: true
    actions: empty(operatorEmail) ? [] : [{ actionGroupId: operator.id }]
  }
}

// The rules use metrics only, because they are never sampled. The host drops the log lines of traces that it does not
// sample. Without any rows `sum` is 0, so a rule with LessThan fires when the app sends nothing.
var rules = [
  {
    id: 'not-reconciled'
    title: 'tickets are not reconciled'
    text: 'No successful reconciliation for 30 minutes. GET /api/reconcile/tickets lists the last runs with their reasons.'
    severity: 1
    window: 'PT30M'
    scope: applicationInsightsId
    operator: 'LessThan'
    // A run that stopped at its time limit has done its part of a long sweep.
    query: '''
customMetrics
| where name == "livechat.reconcile.runs" and tostring(customDimensions.outcome) in ("completed", "stopped")
| summarize found = sum(valueSum)
'''
  }
  {
    id: 'deliveries-refused'
    title: 'deliveries of LiveChat are refused'
    text: 'The app refused deliveries of LiveChat, so events are missing. The check "refusals" of GET /api/status has the reason.'
    severity: 2
    window: 'PT30M'
    scope: applicationInsightsId
    operator: 'GreaterThanOrEqual'
    query: '''
customMetrics
| where name == "livechat.events" and tostring(customDimensions.outcome) in ("unauthorized", "forbidden", "invalid-input", "too-large", "unsupported-media-type")
| summarize found = sum(valueSum)
'''
  }
  {
    id: 'given-up'
    title: 'a subscription was given up'
    text: 'A callback failed for a week or no longer exists, so its subscription gets no events. GET /api/subscriptions shows it: resume or end it.'
    severity: 2
    window: 'PT30M'
    scope: applicationInsightsId
    operator: 'GreaterThanOrEqual'
    query: '''
customMetrics
| where name == "livechat.deliveries" and tostring(customDimensions.outcome) == "given up"
| summarize found = sum(valueSum)
'''
  }
  {
    id: 'telemetry-capped'
    title: 'the daily limit of telemetry is reached'
    text: 'Azure accepts no telemetry until the next day, and no other alert works until then. Raise DAILY_QUOTA_GB, or find the cause: docs/operating.md.'
    severity: 2
    window: 'PT1H'
    scope: workspaceId
    operator: 'GreaterThanOrEqual'
    // https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap#alert-when-daily-cap-is-reached
    query: '''
_LogOperation
| where Category =~ "Ingestion" and Detail has "OverQuota"
| summarize found = count()
'''
  }
]

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for one in rules: {
    name: '${name}-${one.id}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'LiveChat Functions: ${one.title}'
      description: one.text
      severity: one.severity
      enabled: one.id != 'not-reconciled' || hasTickets
      scopes: [one.scope]
      evaluationFrequency: 'PT15M'
      windowSize: one.window
      // In a first deployment the query's tables may not exist yet.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: one.query
            timeAggregation: 'Total'
            metricMeasureColumn: 'found'
            operator: one.operator
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
        actionGroups: notify
      }
    }
  }
]

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = if (monthlyBudget > 0 && !empty(operatorEmail)) {
  name: '${name}-budget'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: budgetStart
    }
    filter: {
      dimensions: {
        name: 'ResourceGroupName'
        operator: 'In'
        values: [resourceGroup().name]
      }
    }
    notifications: {
      nearlySpent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        contactEmails: [operatorEmail]
      }
      spent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        contactEmails: [operatorEmail]
      }
    }
  }
}
