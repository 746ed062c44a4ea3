"""Log groups, metric filters, alarms and dashboards."""

from __future__ import annotations

from local.cloudformation.resources.resource import Created, Request, ResourceType, tag_map, text


class LogGroup(ResourceType):
    name = "AWS::Logs::LogGroup"
    fixed = frozenset({"LogGroupName"})
    properties = frozenset({"KmsKeyId", "LogGroupName", "RetentionInDays", "Tags"})
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        name = request.name(properties.get("LogGroupName"), 512)
        request.call(
            "logs",
            "CreateLogGroup",
            logGroupName=name,
            kmsKeyId=properties.get("KmsKeyId"),
            tags=tag_map(request.tags()) or None,
        )
        region, account = request.runtime.region, request.runtime.account
        arn = f"arn:aws:logs:{region}:{account}:log-group:{name}:*"
        return self.update(request, Created(name, {"Arn": arn}))

    def update(self, request: Request, current: Created) -> Created:
        days = request.properties.get("RetentionInDays")
        if days:
            request.call(
                "logs",
                "PutRetentionPolicy",
                logGroupName=current.physical_id,
                retentionInDays=days,
            )
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("logs", "DeleteLogGroup", logGroupName=current.physical_id)


class MetricFilter(ResourceType):
    name = "AWS::Logs::MetricFilter"
    properties = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        name = request.name(properties.get("FilterName"), 512)
        request.call(
            "logs",
            "PutMetricFilter",
            logGroupName=properties["LogGroupName"],
            filterName=name,
            filterPattern=properties["FilterPattern"],
            metricTransformations=[
                {key[0].lower() + key[1:]: value for key, value in each.items()}
                for each in properties["MetricTransformations"]
            ],
        )
        return Created(name)

    def delete(self, request: Request, current: Created) -> None:
        request.call(
            "logs",
            "DeleteMetricFilter",
            logGroupName=request.properties["LogGroupName"],
            filterName=current.physical_id,
        )


class Alarm(ResourceType):
    name = "AWS::CloudWatch::Alarm"
    fixed = frozenset({"AlarmName"})
    properties = frozenset(
        {
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "TreatMissingData",
            "Unit",
        }
    )
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Created:
        return self._put(request, request.name(request.properties.get("AlarmName"), 255))

    def update(self, request: Request, current: Created) -> Created:
        return self._put(request, current.physical_id)

    def delete(self, request: Request, current: Created) -> None:
        request.call("cloudwatch", "DeleteAlarms", AlarmNames=[current.physical_id])

    def _put(self, request: Request, name: str) -> Created:
        request.call("cloudwatch", "PutMetricAlarm", **{**request.properties, "AlarmName": name})
        region, account = request.runtime.region, request.runtime.account
        return Created(name, {"Arn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"})


class Dashboard(ResourceType):
    name = "AWS::CloudWatch::Dashboard"
    fixed = frozenset({"DashboardName"})
    properties = frozenset({"DashboardBody", "DashboardName"})

    def create(self, request: Request) -> Created:
        name = request.name(request.properties.get("DashboardName"), 255)
        return self.update(request, Created(name))

    def update(self, request: Request, current: Created) -> Created:
        body = text(request.properties["DashboardBody"])
        request.call(
            "cloudwatch", "PutDashboard", DashboardName=current.physical_id, DashboardBody=body
        )
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("cloudwatch", "DeleteDashboards", DashboardNames=[current.physical_id])


MONITORING: tuple[ResourceType, ...] = (LogGroup(), MetricFilter(), Alarm(), Dashboard())
